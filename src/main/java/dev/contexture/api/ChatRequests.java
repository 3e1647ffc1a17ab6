package dev.contexture.api;

import dev.contexture.constrain.ConstraintSpec;
import dev.contexture.session.GenerationRequest;
import dev.contexture.session.Prompt;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** From the body of a chat completion to what session reads. */
final class ChatRequests {
    private static final List<String> EFFORTS = List.of("none", "minimal", "low", "medium", "high", "xhigh");

    private final SamplingReader sampling;

    ChatRequests(ApiProperties bounds) {
        this.sampling = new SamplingReader(bounds);
    }

    /**
     * @throws InvalidRequestException names the field at fault
     */
    GenerationRequest toGeneration(ChatCompletionRequest request, String tenant) {
        boolean logprobs = Boolean.TRUE.equals(request.logprobs());
        int topLogprobs = request.topLogprobs() == null ? 0 : request.topLogprobs();
        OptionalInt limit = maxTokens(request);
        Optional<ConstraintSpec> format = ResponseFormat.ofChat(request.responseFormat());
        try {
            GenerationRequest generation = new GenerationRequest(
                    new Prompt.Chat(
                            ChatMessages.read(request.messages()),
                            ToolFields.read(request),
                            templateArguments(
                                    request.reasoningEffort(), "reasoning_effort", request.chatTemplateKwargs())),
                    limit,
                    sampling.stop(request),
                    sampling.choices(request, 1),
                    sampling.sampling(request, logprobs, topLogprobs),
                    tenant,
                    request.cacheSalt() == null ? "" : request.cacheSalt(),
                    ContextureFields.sparsity(request.contexture()));
            return format.map(generation::constrained).orElse(generation);
        } catch (IllegalArgumentException e) {
            throw SamplingReader.outOfRange(e);
        }
    }

    /** The newer field counts, but the older one must not be nonsense beside it. */
    private static OptionalInt maxTokens(ChatCompletionRequest request) {
        requirePositive(request.maxTokens(), "max_tokens");
        requirePositive(request.maxCompletionTokens(), "max_completion_tokens");
        Integer limit = request.maxCompletionTokens() == null ? request.maxTokens() : request.maxCompletionTokens();
        return limit == null ? OptionalInt.empty() : OptionalInt.of(limit);
    }

    private static void requirePositive(@Nullable Integer value, String param) {
        if (value != null && value < 1) {
            throw InvalidRequestException.badValue(param + " must be at least 1 but is " + value + ".", param);
        }
    }

    /**
     * Templates know the effort by its own name, or only whether there is any. A null argument says as much as none.
     *
     * @param effortParam the field that names it
     */
    static Map<String, Object> templateArguments(
            @Nullable String effort, String effortParam, @Nullable Map<String, Object> given) {
        Map<String, Object> arguments = new LinkedHashMap<>();
        if (effort != null) {
            if (!EFFORTS.contains(effort)) {
                throw InvalidRequestException.badValue(
                        effortParam + " must be one of " + String.join(", ", EFFORTS) + " but is '" + effort + "'.",
                        effortParam);
            }
            arguments.put("reasoning_effort", effort);
            arguments.put("enable_thinking", !effort.equals("none"));
        }
        if (given != null) {
            arguments.putAll(given);
            arguments.values().removeIf(Objects::isNull);
        }
        return arguments;
    }
}
