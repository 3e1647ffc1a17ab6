package dev.contexture.api;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.contexture.core.SparsityUsage;
import dev.contexture.session.GenerationEvent.Usage;

/** Token counts on the wire; the details are always there, so that no client meets a null. */
record UsageBody(
        @JsonProperty("prompt_tokens") int promptTokens,
        @JsonProperty("completion_tokens") int completionTokens,
        @JsonProperty("total_tokens") int totalTokens,
        @JsonProperty("prompt_tokens_details") PromptDetails promptDetails,
        @JsonProperty("completion_tokens_details") CompletionDetails completionDetails,
        @JsonProperty("contexture") ContextureDetails contexture) {
    /**
     * @param cachedTokens prompt tokens that were not computed again
     */
    record PromptDetails(@JsonProperty("cached_tokens") int cachedTokens) {}

    record CompletionDetails(
            @JsonProperty("reasoning_tokens") int reasoningTokens) {}

    /** Our extension: everything of ours is under one object. */
    record ContextureDetails(@JsonProperty("sparsity") SparsityDetails sparsity) {}

    /**
     * @param budget in tokens; 0 where none was asked for
     * @param meanSelectedMass share of the retrieval head's attention that the selections held; 1 if nothing was left out
     * @param fallbackSteps steps that attended to everything although the context was longer than the budget
     */
    record SparsityDetails(
            @JsonProperty("mode") String mode,
            @JsonProperty("budget") int budget,
            @JsonProperty("mean_selected_mass") double meanSelectedMass,
            @JsonProperty("sparse_steps") long sparseSteps,
            @JsonProperty("dense_steps") long denseSteps,
            @JsonProperty("fallback_steps") long fallbackSteps) {
        static SparsityDetails of(SparsityUsage usage) {
            return new SparsityDetails(
                    ContextureFields.name(usage.mode()),
                    usage.budget(),
                    Math.round(usage.meanSelectedMass() * 1e4) / 1e4,
                    usage.sparseSteps(),
                    usage.denseSteps(),
                    usage.fallbackSteps());
        }
    }

    static UsageBody of(Usage usage) {
        return new UsageBody(
                usage.promptTokens(),
                usage.completionTokens(),
                usage.promptTokens() + usage.completionTokens(),
                new PromptDetails(usage.cachedTokens()),
                new CompletionDetails(usage.reasoningTokens()),
                new ContextureDetails(SparsityDetails.of(usage.sparsity())));
    }
}
