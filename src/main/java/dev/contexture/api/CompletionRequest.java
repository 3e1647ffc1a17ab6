package dev.contexture.api;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.contexture.api.ChatCompletionRequest.StreamOptions;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Body of POST /v1/completions, as sent; nothing is checked but types. */
@Schema(name = "CompletionRequest")
record CompletionRequest(
        @JsonProperty("model") @Nullable String model,

        @Schema(description = "A string, an array of strings, an array of token ids, or an array of such arrays")
        @JsonProperty("prompt")
        @Nullable
        Object prompt,

        @JsonProperty("stream") @Nullable Boolean stream,
        @JsonProperty("stream_options") @Nullable StreamOptions streamOptions,
        @JsonProperty("max_tokens") @Nullable Integer maxTokens,
        @JsonProperty("n") @Nullable Integer n,
        @JsonProperty("best_of") @Nullable Integer bestOf,
        @JsonProperty("echo") @Nullable Boolean echo,
        @JsonProperty("suffix") @Nullable String suffix,

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
        @JsonProperty("logprobs") @Nullable Integer logprobs,
        @JsonProperty("cache_salt") @Nullable String cacheSalt,
        @JsonProperty("session_id") @Nullable String sessionId,
        @JsonProperty("contexture") @Nullable ContextureFields contexture)
        implements SamplingFields {
    boolean isStreamed() {
        return Boolean.TRUE.equals(stream);
    }

    boolean wantsUsage() {
        return streamOptions != null && Boolean.TRUE.equals(streamOptions.includeUsage());
    }
}
