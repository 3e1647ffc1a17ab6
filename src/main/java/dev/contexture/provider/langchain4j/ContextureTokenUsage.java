package dev.contexture.provider.langchain4j;

import dev.contexture.session.GenerationEvent.Usage;
import dev.langchain4j.model.output.TokenUsage;

/** Token counts with those that the prefix cache saved and those of thoughts. */
public final class ContextureTokenUsage extends TokenUsage {
    private final int cachedInputTokenCount;
    private final int reasoningTokenCount;

    ContextureTokenUsage(Usage usage) {
        super(usage.promptTokens(), usage.completionTokens());
        this.cachedInputTokenCount = usage.cachedTokens();
        this.reasoningTokenCount = usage.reasoningTokens();
    }

    /** Input tokens that were not computed again; counted in {@link #inputTokenCount}, too. */
    public int cachedInputTokenCount() {
        return cachedInputTokenCount;
    }

    /** Output tokens of thoughts and their tags; counted in {@link #outputTokenCount}, too. */
    public int reasoningTokenCount() {
        return reasoningTokenCount;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ContextureTokenUsage usage
                && cachedInputTokenCount == usage.cachedInputTokenCount
                && reasoningTokenCount == usage.reasoningTokenCount
                && super.equals(other);
    }

    @Override
    public int hashCode() {
        return 31 * (31 * super.hashCode() + cachedInputTokenCount) + reasoningTokenCount;
    }
}
