package dev.contexture.api;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Body of POST /v1/responses, as sent; nothing is checked but types. */
@Schema(name = "ResponseRequest")
record ResponseBody(
        @JsonProperty("model") @Nullable String model,

        @Schema(description = "A string or an array of items: messages, function calls and their outputs, reasoning")
        @JsonProperty("input")
        @Nullable
        Object input,

        @JsonProperty("instructions") @Nullable String instructions,
        @JsonProperty("max_output_tokens") @Nullable Integer maxOutputTokens,
        @JsonProperty("stream") @Nullable Boolean stream,
        @JsonProperty("store") @Nullable Boolean store,
        @JsonProperty("previous_response_id") @Nullable String previousResponseId,
        @JsonProperty("metadata") @Nullable Map<String, String> metadata,
        @JsonProperty("text") @Nullable Map<String, Object> text,
        @JsonProperty("truncation") @Nullable String truncation,
        @JsonProperty("user") @Nullable String user,
        @JsonProperty("safety_identifier") @Nullable String safetyIdentifier,
        @JsonProperty("prompt_cache_key") @Nullable String promptCacheKey,
        @JsonProperty("background") @Nullable Boolean background,
        @JsonProperty("tools") @Nullable List<Map<String, Object>> tools,

        @Schema(description = "none, auto, required, or an object that names a function")
        @JsonProperty("tool_choice")
        @Nullable
        Object toolChoice,

        @JsonProperty("parallel_tool_calls") @Nullable Boolean parallelToolCalls,
        @JsonProperty("reasoning") @Nullable ReasoningFields reasoning,
        @JsonProperty("include") @Nullable List<String> include,
        @JsonProperty("top_logprobs") @Nullable Integer topLogprobs,
        @JsonProperty("conversation") @Nullable Object conversation,
        @JsonProperty("prompt") @Nullable Object prompt,
        @JsonProperty("temperature") @Nullable Float temperature,
        @JsonProperty("top_p") @Nullable Float topP,
        @JsonProperty("top_k") @Nullable Integer topK,
        @JsonProperty("min_p") @Nullable Float minP,
        @JsonProperty("repetition_penalty") @Nullable Float repetitionPenalty,
        @JsonProperty("frequency_penalty") @Nullable Float frequencyPenalty,
        @JsonProperty("presence_penalty") @Nullable Float presencePenalty,
        @JsonProperty("logit_bias") @Nullable Map<String, Float> logitBias,
        @JsonProperty("seed") @Nullable Long seed,
        @JsonProperty("chat_template_kwargs") @Nullable Map<String, Object> chatTemplateKwargs,
        @JsonProperty("cache_salt") @Nullable String cacheSalt,

        @Schema(description = "A session of ours that this is the next turn of; X-Session-Id does as well")
        @JsonProperty("session_id")
        @Nullable
        String sessionId,

        @JsonProperty("contexture") @Nullable ContextureFields contexture)
        implements SamplingFields {
    /**
     * @param effort how much the model is to think, where its template knows of that
     */
    @Schema(name = "ResponseReasoningFields")
    record ReasoningFields(@JsonProperty("effort") @Nullable String effort) {}

    @Nullable
    String reasoningEffort() {
        return reasoning == null ? null : reasoning.effort;
    }

    boolean isStreamed() {
        return Boolean.TRUE.equals(stream);
    }

    boolean isStored() {
        return !Boolean.FALSE.equals(store);
    }

    @Override
    public @Nullable Object stop() {
        return null;
    }

    @Override
    public @Nullable Integer n() {
        return null;
    }
}
