package dev.contexture.provider.langchain4j;

import dev.contexture.session.GenerationEvent.Usage;
import dev.langchain4j.model.output.TokenUsage;

/** Token counts with those that the prefix cache saved. */
public final class ContextureTokenUsage extends TokenUsage {
    private final int cachedInputTokenCount;

    ContextureTokenUsage(Usage usage) {
        super(usage.promptTokens(), usage.completionTokens());
        this.cachedInputTokenCount = usage.cachedTokens();
    }

    /** Input tokens that were not computed again; counted in {@link #inputTokenCount}, too. */
    public int cachedInputTokenCount() {
        return cachedInputTokenCount;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ContextureTokenUsage usage
                && cachedInputTokenCount == usage.cachedInputTokenCount
                && super.equals(other);
    }

    @Override
    public int hashCode() {
        return 31 * super.hashCode() + cachedInputTokenCount;
    }
}
