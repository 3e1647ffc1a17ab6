package dev.contexture.api;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Body of POST /v1/chat/completions, as sent; nothing is checked but types. */
@Schema(name = "ChatCompletionRequest")
record ChatCompletionRequest(
        @JsonProperty("model") @Nullable String model,
        @JsonProperty("messages") @Nullable List<Map<String, Object>> messages,
        @JsonProperty("stream") @Nullable Boolean stream,
        @JsonProperty("stream_options") @Nullable StreamOptions streamOptions,
        @JsonProperty("max_tokens") @Nullable Integer maxTokens,
        @JsonProperty("max_completion_tokens") @Nullable Integer maxCompletionTokens,
        @JsonProperty("n") @Nullable Integer n,

        @Schema(description = "A string or an array of strings") @JsonProperty("stop") @Nullable
        Object stop,

        @JsonProperty("temperature") @Nullable Float temperature,
        @JsonProperty("top_k") @Nullable Integer topK,
        @JsonProperty("top_p") @Nullable Float topP,
        @JsonProperty("min_p") @Nullable Float minP,
        @JsonProperty("repetition_penalty") @Nullable Float repetitionPenalty,
        @JsonProperty("frequency_penalty") @Nullable Float frequencyPenalty,
        @JsonProperty("presence_penalty") @Nullable Float presencePenalty,
        @JsonProperty("logit_bias") @Nullable Map<String, Float> logitBias,
        @JsonProperty("seed") @Nullable Long seed,
        @JsonProperty("logprobs") @Nullable Boolean logprobs,
        @JsonProperty("top_logprobs") @Nullable Integer topLogprobs,
        @JsonProperty("tools") @Nullable List<Map<String, Object>> tools,

        @Schema(description = "none, auto, required, or an object that names a function")
        @JsonProperty("tool_choice")
        @Nullable
        Object toolChoice,

        @JsonProperty("parallel_tool_calls") @Nullable Boolean parallelToolCalls,
        @JsonProperty("reasoning_effort") @Nullable String reasoningEffort,
        @JsonProperty("response_format") @Nullable Map<String, Object> responseFormat,
        @JsonProperty("chat_template_kwargs") @Nullable Map<String, Object> chatTemplateKwargs,
        @JsonProperty("cache_salt") @Nullable String cacheSalt,

        @Schema(description = "A session of ours that this is the next turn of; X-Session-Id does as well")
        @JsonProperty("session_id")
        @Nullable
        String sessionId,

        @JsonProperty("contexture") @Nullable ContextureFields contexture)
        implements SamplingFields {
    record StreamOptions(
            @JsonProperty("include_usage") @Nullable Boolean includeUsage) {}

    boolean isStreamed() {
        return Boolean.TRUE.equals(stream);
    }

    boolean wantsUsage() {
        return streamOptions != null && Boolean.TRUE.equals(streamOptions.includeUsage);
    }
}
