package dev.contexture.api;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Body of POST /v1/messages and /v1/messages/count_tokens, as sent; nothing is checked but types. */
@Schema(name = "MessageRequest")
record MessageRequest(
        @JsonProperty("model") @Nullable String model,

        @Schema(description = "Required, but for counting") @JsonProperty("max_tokens") @Nullable
        Integer maxTokens,

        @Schema(description = "A string or an array of text blocks") @JsonProperty("system") @Nullable
        Object system,

        @JsonProperty("messages") @Nullable List<Map<String, Object>> messages,
        @JsonProperty("stream") @Nullable Boolean stream,
        @JsonProperty("stop_sequences") @Nullable List<String> stopSequences,
        @JsonProperty("temperature") @Nullable Float temperature,
        @JsonProperty("top_k") @Nullable Integer topK,
        @JsonProperty("top_p") @Nullable Float topP,
        @JsonProperty("tools") @Nullable List<Tool> tools,
        @JsonProperty("tool_choice") @Nullable Choice toolChoice,
        @JsonProperty("thinking") @Nullable Thinking thinking,
        @JsonProperty("output_config") @Nullable OutputConfig outputConfig,
        @JsonProperty("metadata") @Nullable Map<String, Object> metadata,
        @JsonProperty("min_p") @Nullable Float minP,
        @JsonProperty("repetition_penalty") @Nullable Float repetitionPenalty,
        @JsonProperty("frequency_penalty") @Nullable Float frequencyPenalty,
        @JsonProperty("presence_penalty") @Nullable Float presencePenalty,
        @JsonProperty("logit_bias") @Nullable Map<String, Float> logitBias,
        @JsonProperty("seed") @Nullable Long seed,
        @JsonProperty("cache_salt") @Nullable String cacheSalt,

        @Schema(description = "A session of ours that this is the next turn of; X-Session-Id does as well")
        @JsonProperty("session_id")
        @Nullable
        String sessionId,

        @JsonProperty("contexture") @Nullable ContextureFields contexture)
        implements SamplingFields {
    /**
     * @param type custom, or absent; others are tools that Anthropic runs
     */
    @Schema(name = "MessageTool")
    record Tool(
            @JsonProperty("type") @Nullable String type,
            @JsonProperty("name") @Nullable String name,
            @JsonProperty("description") @Nullable String description,
            @JsonProperty("input_schema") @Nullable Map<String, Object> inputSchema) {}

    /**
     * @param type auto, any, tool or none
     * @param name of the tool, with the type tool
     */
    @Schema(name = "MessageToolChoice")
    record Choice(
            @JsonProperty("type") @Nullable String type,
            @JsonProperty("name") @Nullable String name,

            @JsonProperty("disable_parallel_tool_use") @Nullable
            Boolean disableParallelToolUse) {}

    /**
     * @param type enabled, adaptive or disabled
     */
    @Schema(name = "MessageThinking")
    record Thinking(@JsonProperty("type") @Nullable String type) {}

    /**
     * @param format a JSON schema that the answer is held to
     */
    @Schema(name = "MessageOutputConfig")
    record OutputConfig(@JsonProperty("format") @Nullable Map<String, Object> format) {}

    boolean isStreamed() {
        return Boolean.TRUE.equals(stream);
    }

    @Nullable
    Map<String, Object> format() {
        return outputConfig == null ? null : outputConfig.format;
    }

    @Override
    public @Nullable Object stop() {
        return stopSequences;
    }

    @Override
    public @Nullable Integer n() {
        return null;
    }
}
