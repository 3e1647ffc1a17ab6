package dev.contexture.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import dev.contexture.session.GenerationEvent.TokenDetail;
import dev.contexture.session.SpokenAnswer;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Chat completions on the wire: the whole answer and its chunks. */
final class ChatWire {
    static final String ID_PREFIX = "chatcmpl-";

    private ChatWire() {}

    @Schema(name = "ChatCompletion")
    record Completion(
            @JsonProperty("id") String id,
            @JsonProperty("object") String object,
            @JsonProperty("created") long created,
            @JsonProperty("model") String model,
            @JsonProperty("system_fingerprint") String systemFingerprint,
            @JsonProperty("choices") List<Choice> choices,
            @JsonProperty("usage") UsageBody usage,
            @JsonProperty("contexture") @Nullable ContextureBody contexture) {
        static Completion of(
                CompletionHead head, List<Choice> choices, UsageBody usage, @Nullable ContextureBody contexture) {
            return new Completion(
                    head.id(),
                    "chat.completion",
                    head.created(),
                    head.model(),
                    head.fingerprint(),
                    choices,
                    usage,
                    contexture);
        }
    }

    @Schema(name = "ChatChoice")
    @JsonInclude(JsonInclude.Include.ALWAYS)
    record Choice(
            @JsonProperty("index") int index,
            @JsonProperty("message") Message message,
            @JsonProperty("logprobs") @Nullable Logprobs logprobs,
            @JsonProperty("finish_reason") String finishReason) {}

    @Schema(name = "ChatMessage")
    /**
     * @param content null where the answer is only calls
     */
    @JsonInclude(JsonInclude.Include.ALWAYS)
    record Message(
            @JsonProperty("role") String role,
            @JsonProperty("content") @Nullable String content,
            @JsonProperty("refusal") @Nullable String refusal,

            @JsonInclude(JsonInclude.Include.NON_NULL) @JsonProperty("reasoning_content") @Nullable
            String reasoningContent,

            @JsonInclude(JsonInclude.Include.NON_NULL) @JsonProperty("tool_calls") @Nullable
            List<ToolCall> toolCalls) {
        static Message of(SpokenAnswer spoken) {
            List<ToolCall> calls = spoken.calls().stream()
                    .map(call -> new ToolCall(null, call.id(), "function", new Function(call.name(), call.arguments())))
                    .toList();
            boolean onlyCalls = spoken.text().isEmpty() && !calls.isEmpty();
            return new Message(
                    "assistant",
                    onlyCalls ? null : spoken.text(),
                    null,
                    spoken.reasoning().isEmpty() ? null : spoken.reasoning(),
                    calls.isEmpty() ? null : calls);
        }
    }

    /**
     * A call, or of a stream's a piece of it: id, type and name are in the first alone.
     *
     * @param index of the call in the answer; in streams only
     */
    @Schema(name = "ToolCall")
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record ToolCall(
            @JsonProperty("index") @Nullable Integer index,
            @JsonProperty("id") @Nullable String id,
            @JsonProperty("type") @Nullable String type,
            @JsonProperty("function") Function function) {}

    @Schema(name = "ToolCallFunction")
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Function(
            @JsonProperty("name") @Nullable String name,
            @JsonProperty("arguments") String arguments) {}

    /**
     * @param usage a JSON null in chunks before the last when usage is asked for; left out when it is not
     */
    record Chunk(
            @JsonProperty("id") String id,
            @JsonProperty("object") String object,
            @JsonProperty("created") long created,
            @JsonProperty("model") String model,
            @JsonProperty("system_fingerprint") String systemFingerprint,
            @JsonProperty("choices") List<ChunkChoice> choices,
            @JsonProperty("usage") @Nullable Object usage,
            @JsonProperty("contexture") @Nullable ContextureBody contexture) {
        static Chunk of(CompletionHead head, List<ChunkChoice> choices, @Nullable Object usage) {
            return of(head, choices, usage, null);
        }

        static Chunk of(
                CompletionHead head,
                List<ChunkChoice> choices,
                @Nullable Object usage,
                @Nullable ContextureBody contexture) {
            return new Chunk(
                    head.id(),
                    "chat.completion.chunk",
                    head.created(),
                    head.model(),
                    head.fingerprint(),
                    choices,
                    usage,
                    contexture);
        }
    }

    @JsonInclude(JsonInclude.Include.ALWAYS)
    record ChunkChoice(
            @JsonProperty("index") int index,
            @JsonProperty("delta") DeltaBody delta,
            @JsonProperty("logprobs") @Nullable Logprobs logprobs,
            @JsonProperty("finish_reason") @Nullable String finishReason) {}

    @JsonInclude(JsonInclude.Include.NON_NULL)
    record DeltaBody(
            @JsonProperty("role") @Nullable String role,
            @JsonProperty("content") @Nullable String content,
            @JsonProperty("reasoning_content") @Nullable String reasoningContent,
            @JsonProperty("tool_calls") @Nullable List<ToolCall> toolCalls) {
        static DeltaBody opening() {
            return new DeltaBody("assistant", "", null, null);
        }

        static DeltaBody empty() {
            return new DeltaBody(null, null, null, null);
        }

        static DeltaBody content(String text) {
            return new DeltaBody(null, text, null, null);
        }

        static DeltaBody reasoning(String text) {
            return new DeltaBody(null, null, text, null);
        }

        static DeltaBody call(ToolCall piece) {
            return new DeltaBody(null, null, null, List.of(piece));
        }
    }

    @JsonInclude(JsonInclude.Include.ALWAYS)
    record Logprobs(
            @JsonProperty("content") List<TokenLogprobBody> content,
            @JsonProperty("refusal") @Nullable Object refusal) {
        static @Nullable Logprobs of(List<TokenDetail> tokens) {
            return tokens.isEmpty()
                    ? null
                    : new Logprobs(tokens.stream().map(TokenLogprobBody::of).toList(), null);
        }
    }

    record TokenLogprobBody(
            @JsonProperty("token") String token,
            @JsonProperty("logprob") float logprob,
            @JsonProperty("bytes") List<Integer> bytes,
            @JsonProperty("top_logprobs") @Nullable List<TokenLogprobBody> topLogprobs) {
        static TokenLogprobBody of(TokenDetail token) {
            List<TokenLogprobBody> top = token.alternatives().stream()
                    .map(TokenLogprobBody::alternative)
                    .toList();
            return new TokenLogprobBody(token.text(), token.logprob(), bytes(token), top);
        }

        private static TokenLogprobBody alternative(TokenDetail token) {
            return new TokenLogprobBody(token.text(), token.logprob(), bytes(token), null);
        }

        private static List<Integer> bytes(TokenDetail token) {
            List<Integer> bytes = new ArrayList<>(token.bytes().length);
            for (byte b : token.bytes()) {
                bytes.add(Byte.toUnsignedInt(b));
            }
            return bytes;
        }
    }
}
