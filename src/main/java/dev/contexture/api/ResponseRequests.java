package dev.contexture.api;

import dev.contexture.core.SamplingParams;
import dev.contexture.session.GenerationRequest;
import dev.contexture.session.Prompt;
import dev.contexture.session.SessionMessage;
import dev.contexture.session.responses.AnswerFormat;
import dev.contexture.session.responses.AskedTools;
import dev.contexture.session.responses.ItemMessages;
import dev.contexture.session.responses.ResponseItem;
import dev.contexture.session.responses.ResponseRequest;
import dev.contexture.session.responses.ResponseSettings;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.UnaryOperator;

/** From the body of a response to what session reads. */
final class ResponseRequests {
    private final SamplingReader sampling;
    private final ResponseItems items;
    private final Duration longestWait;

    /**
     * @param ids makes an id of a prefix
     * @param longestWait most that a turn may wait for another of its session
     */
    ResponseRequests(ApiProperties bounds, UnaryOperator<String> ids, Duration longestWait) {
        this.sampling = new SamplingReader(bounds);
        this.items = new ResponseItems(ids);
        this.longestWait = longestWait;
    }

    /**
     * @param model that serves it
     * @param session that header or body name
     * @throws InvalidRequestException names the field at fault
     */
    ResponseRequest toRequest(ResponseBody body, String model, Optional<String> session, String tenant) {
        requireSupported(body);
        if (body.previousResponseId() != null && session.isPresent()) {
            throw InvalidRequestException.badValue(
                    "'previous_response_id' and 'session_id' exclude each other: a session knows what went before.",
                    "previous_response_id");
        }
        List<ResponseItem> input = items.read(body.input());
        Integer limit = body.maxOutputTokens();
        if (limit != null && limit < 1) {
            throw InvalidRequestException.badValue(
                    "max_output_tokens must be at least 1 but is " + limit + ".", "max_output_tokens");
        }
        SamplingParams params = sampling.sampling(body, false, 0);
        AnswerFormat format = ResponseFormat.ofResponse(body.text());
        ToolFields.OfResponse tools = ToolFields.read(body);
        try {
            GenerationRequest generation = new GenerationRequest(
                    new Prompt.Chat(
                            ItemMessages.of(input).stream()
                                    .map(SessionMessage::fields)
                                    .toList(),
                            tools.use(),
                            ChatRequests.templateArguments(
                                    body.reasoningEffort(), "reasoning.effort", body.chatTemplateKwargs())),
                    limit == null ? OptionalInt.empty() : OptionalInt.of(limit),
                    List.of(),
                    1,
                    params,
                    tenant,
                    salt(body, session),
                    ContextureFields.sparsity(body.contexture()));
            return new ResponseRequest(
                    model,
                    input,
                    settings(body, format, tools.asked(), params),
                    body.isStored(),
                    Optional.ofNullable(body.previousResponseId()),
                    session,
                    ContextureFields.turn(body.contexture(), longestWait),
                    format.constraint().map(generation::constrained).orElse(generation));
        } catch (IllegalArgumentException e) {
            throw SamplingReader.outOfRange(e);
        }
    }

    private static String salt(ResponseBody body, Optional<String> session) {
        if (body.cacheSalt() == null || body.cacheSalt().isEmpty()) {
            return "";
        }
        if (body.isStored() || body.previousResponseId() != null || session.isPresent()) {
            throw InvalidRequestException.badValue(
                    "'cache_salt' is for responses by themselves: set 'store' to false, and leave 'previous_response_id' and"
                            + " 'session_id' out. What a conversation has stored is its own already.",
                    "cache_salt");
        }
        return body.cacheSalt();
    }

    private static ResponseSettings settings(
            ResponseBody body, AnswerFormat format, AskedTools tools, SamplingParams params) {
        Map<String, String> metadata = body.metadata();
        if (metadata != null && metadata.containsValue(null)) {
            throw InvalidRequestException.badType("metadata", "an object of strings");
        }
        return new ResponseSettings(
                Optional.ofNullable(body.instructions()).filter(text -> !text.isEmpty()),
                format,
                tools,
                Optional.ofNullable(body.reasoningEffort()),
                params.temperature(),
                params.topP(),
                Optional.ofNullable(body.maxOutputTokens()),
                metadata == null ? Map.of() : metadata,
                Optional.ofNullable(body.user()),
                Optional.ofNullable(body.safetyIdentifier()),
                Optional.ofNullable(body.promptCacheKey()));
    }

    /** What is known and not served, all in one place. */
    private static void requireSupported(ResponseBody body) {
        refuseIf(
                Boolean.TRUE.equals(body.background()),
                "background",
                "Responses in the background are not supported: leave 'background' out, and stream the response.");
        refuseIf(
                body.truncation() != null && !body.truncation().equals("disabled"),
                "truncation",
                "Only the truncation 'disabled' is supported: an input that is too long is refused.");
        refuseIf(
                body.conversation() != null,
                "conversation",
                "Conversations are sessions here: name one by 'session_id'.");
        refuseIf(body.prompt() != null, "prompt", "Stored prompts are not supported: send 'instructions' and 'input'.");
        refuseIf(
                body.topLogprobs() != null && body.topLogprobs() != 0
                        || body.include() != null && body.include().contains("message.output_text.logprobs"),
                body.topLogprobs() != null && body.topLogprobs() != 0 ? "top_logprobs" : "include",
                "Log-probabilities are given by /v1/chat/completions only.");
    }

    private static void refuseIf(boolean asked, String param, String message) {
        if (asked) {
            throw InvalidRequestException.unsupported(message, param);
        }
    }
}
