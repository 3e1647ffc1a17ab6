package dev.contexture.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonRawValue;
import dev.contexture.api.UsageBody.ContextureDetails;
import dev.contexture.api.UsageBody.SparsityDetails;
import dev.contexture.session.GenerationEvent;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Messages on the wire: the whole answer and the events of its stream. */
final class MessageWire {
    static final String ID_PREFIX = "msg_";

    private MessageWire() {}

    /**
     * @param stopReason null while it is streamed
     */
    @Schema(name = "Message")
    record Message(
            @JsonProperty("id") String id,
            @JsonProperty("type") String type,
            @JsonProperty("role") String role,
            @JsonProperty("model") String model,
            @JsonProperty("content") List<Block> content,

            @JsonInclude(JsonInclude.Include.ALWAYS) @JsonProperty("stop_reason") @Nullable
            String stopReason,

            @JsonInclude(JsonInclude.Include.ALWAYS) @JsonProperty("stop_sequence") @Nullable
            String stopSequence,

            @JsonProperty("usage") Usage usage,
            @JsonProperty("contexture") @Nullable ContextureBody contexture) {
        static Message begun(CompletionHead head, Usage usage) {
            return new Message(head.id(), "message", "assistant", head.model(), List.of(), null, null, usage, null);
        }

        static Message of(
                CompletionHead head, List<Block> content, Stop stop, Usage usage, @Nullable ContextureBody contexture) {
            return new Message(
                    head.id(),
                    "message",
                    "assistant",
                    head.model(),
                    content,
                    stop.reason,
                    stop.sequence,
                    usage,
                    contexture);
        }
    }

    /**
     * A thought, text or call.
     *
     * @param signature of a thought; empty, as nothing here is signed
     * @param input of a call: JSON, an object
     */
    @Schema(name = "MessageBlock")
    record Block(
            @JsonProperty("type") String type,
            @JsonProperty("text") @Nullable String text,
            @JsonProperty("thinking") @Nullable String thinking,
            @JsonProperty("signature") @Nullable String signature,
            @JsonProperty("id") @Nullable String id,
            @JsonProperty("name") @Nullable String name,

            @Schema(type = "object") @JsonRawValue @JsonProperty("input") @Nullable
            String input) {
        static Block text(String text) {
            return new Block("text", text, null, null, null, null, null);
        }

        static Block thinking(String thought) {
            return new Block("thinking", null, thought, "", null, null, null);
        }

        static Block call(String id, String name, String input) {
            return new Block("tool_use", null, null, null, id, name, input);
        }

        /** The same with what was heard of it. */
        Block with(String heard) {
            return switch (type) {
                case "thinking" -> thinking(heard);
                case "text" -> text(heard);
                default -> heard.isBlank() ? this : new Block(type, null, null, null, id, name, heard);
            };
        }
    }

    @JsonInclude(JsonInclude.Include.ALWAYS)
    record Stop(
            @JsonProperty("stop_reason") String reason,
            @JsonProperty("stop_sequence") @Nullable String sequence) {
        static final String MAX_TOKENS = "max_tokens";
        static final String STOP_SEQUENCE = "stop_sequence";

        /** By the request's own limit or text. */
        boolean saysThatItWasCut() {
            return reason.equals(MAX_TOKENS) || reason.equals(STOP_SEQUENCE);
        }
    }

    /**
     * @param inputTokens without those that were not computed again
     * @param cacheCreationInputTokens 0: whatever was computed may be found again, nothing is marked for it
     * @param contexture at the end only
     */
    @Schema(name = "MessageUsage")
    record Usage(
            @JsonProperty("input_tokens") int inputTokens,

            @JsonProperty("cache_creation_input_tokens") int cacheCreationInputTokens,

            @JsonProperty("cache_read_input_tokens") int cacheReadInputTokens,
            @JsonProperty("output_tokens") int outputTokens,
            @JsonProperty("output_tokens_details") OutputDetails outputDetails,
            @JsonProperty("contexture") @Nullable ContextureDetails contexture) {
        static Usage of(GenerationEvent.Begun begun) {
            return new Usage(
                    begun.promptTokens() - begun.cachedTokens(),
                    0,
                    begun.cachedTokens(),
                    0,
                    new OutputDetails(0),
                    null);
        }

        static Usage of(GenerationEvent.Usage usage) {
            return new Usage(
                    usage.promptTokens() - usage.cachedTokens(),
                    0,
                    usage.cachedTokens(),
                    usage.completionTokens(),
                    new OutputDetails(usage.reasoningTokens()),
                    new ContextureDetails(SparsityDetails.of(usage.sparsity())));
        }
    }

    @Schema(name = "MessageOutputDetails")
    record OutputDetails(@JsonProperty("thinking_tokens") int thinkingTokens) {}

    @Schema(name = "MessageTokenCount")
    record TokenCount(@JsonProperty("input_tokens") int inputTokens) {}

    record MessageStart(
            @JsonProperty("type") String type,
            @JsonProperty("message") Message message) {}

    record BlockStart(
            @JsonProperty("type") String type,
            @JsonProperty("index") int index,
            @JsonProperty("content_block") Block block) {}

    record BlockDelta(
            @JsonProperty("type") String type,
            @JsonProperty("index") int index,
            @JsonProperty("delta") Delta delta) {}

    record Delta(
            @JsonProperty("type") String type,
            @JsonProperty("text") @Nullable String text,
            @JsonProperty("thinking") @Nullable String thinking,
            @JsonProperty("partial_json") @Nullable String partialJson) {}

    record BlockStop(
            @JsonProperty("type") String type,
            @JsonProperty("index") int index) {}

    record MessageDelta(
            @JsonProperty("type") String type,
            @JsonProperty("delta") Stop delta,
            @JsonProperty("usage") Usage usage,
            @JsonProperty("contexture") @Nullable ContextureBody contexture) {}

    /** Says nothing but what it is. */
    record Bare(@JsonProperty("type") String type) {}
}
