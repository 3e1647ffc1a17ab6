package dev.contexture.api;

import dev.contexture.constrain.ConstraintSpec;
import dev.contexture.session.GenerationRequest;
import dev.contexture.session.Prompt;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** From the body of a message to what session reads. */
final class MessageRequests {
    private final SamplingReader sampling;

    MessageRequests(ApiProperties bounds) {
        this.sampling = new SamplingReader(bounds);
    }

    /**
     * @throws InvalidRequestException names the field at fault
     */
    GenerationRequest toGeneration(MessageRequest request, String tenant) {
        if (request.maxTokens() == null) {
            throw InvalidRequestException.missing("max_tokens");
        }
        Prompt.Chat prompt = prompt(request);
        if ("assistant".equals(prompt.messages().getLast().get("role"))) {
            throw InvalidRequestException.unsupported(
                    "'messages' must end with the user's: going on within an assistant's message is not supported.",
                    "messages");
        }
        Optional<ConstraintSpec> format = ResponseFormat.ofMessage(request.format());
        List<String> stop = sampling.stop(request, "stop_sequences");
        if (!stop.isEmpty() && (format.isPresent() || prompt.tools().isForced())) {
            throw InvalidRequestException.badValue(
                    "'stop_sequences' must be left out where 'output_config.format' or 'tool_choice' hold the answer to"
                            + " something: they would cut it.",
                    "stop_sequences");
        }
        try {
            GenerationRequest generation = new GenerationRequest(
                    prompt,
                    OptionalInt.of(request.maxTokens()),
                    stop,
                    1,
                    sampling.sampling(request, false, 0),
                    tenant,
                    request.cacheSalt() == null ? "" : request.cacheSalt(),
                    ContextureFields.sparsity(request.contexture()));
            return format.map(generation::constrained).orElse(generation);
        } catch (IllegalArgumentException e) {
            throw SamplingReader.outOfRange(e);
        }
    }

    /**
     * What the model reads.
     *
     * @throws InvalidRequestException names the field at fault
     */
    static Prompt.Chat prompt(MessageRequest request) {
        return new Prompt.Chat(
                MessageHistory.read(request.system(), request.messages()),
                MessageTools.read(request.tools(), request.toolChoice()),
                thinking(request));
    }

    /** Nothing said of it is left to the template. */
    private static Map<String, Object> thinking(MessageRequest request) {
        if (request.thinking() == null) {
            return Map.of();
        }
        String type = request.thinking().type();
        return switch (type) {
            case null -> throw InvalidRequestException.missing("thinking.type");
            case "enabled", "adaptive" -> Map.of("enable_thinking", true);
            case "disabled" -> Map.of("enable_thinking", false);
            default ->
                throw InvalidRequestException.badValue(
                        "'thinking.type' must be enabled, adaptive or disabled but is '" + type + "'.",
                        "thinking.type");
        };
    }
}
