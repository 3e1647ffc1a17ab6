package dev.contexture.api;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.contexture.session.GenerationEvent.Usage;

/** Token counts on the wire; the details are always there, so that no client meets a null. */
record UsageBody(
        @JsonProperty("prompt_tokens") int promptTokens,
        @JsonProperty("completion_tokens") int completionTokens,
        @JsonProperty("total_tokens") int totalTokens,
        @JsonProperty("prompt_tokens_details") PromptDetails promptDetails,
        @JsonProperty("completion_tokens_details") CompletionDetails completionDetails) {
    /**
     * @param cachedTokens prompt tokens that were not computed again
     */
    record PromptDetails(@JsonProperty("cached_tokens") int cachedTokens) {}

    record CompletionDetails(
            @JsonProperty("reasoning_tokens") int reasoningTokens) {}

    static UsageBody of(Usage usage) {
        return new UsageBody(
                usage.promptTokens(),
                usage.completionTokens(),
                usage.promptTokens() + usage.completionTokens(),
                new PromptDetails(usage.cachedTokens()),
                new CompletionDetails(0));
    }
}
