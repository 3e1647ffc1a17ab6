package dev.contexture.provider.langchain4j;

import dev.contexture.session.GenerationEvent.Usage;
import dev.langchain4j.model.output.TokenUsage;
import org.jspecify.annotations.Nullable;

/** Token counts with those that the prefix cache saved and those of thoughts. */
public final class ContextureTokenUsage extends TokenUsage {
    private final int cachedInputTokenCount;
    private final int reasoningTokenCount;

    ContextureTokenUsage(Usage usage) {
        super(usage.promptTokens(), usage.completionTokens());
        this.cachedInputTokenCount = usage.cachedTokens();
        this.reasoningTokenCount = usage.reasoningTokens();
    }

    private ContextureTokenUsage(@Nullable Integer input, @Nullable Integer output, int cached, int reasoning) {
        super(input, output);
        this.cachedInputTokenCount = cached;
        this.reasoningTokenCount = reasoning;
    }

    /** As ours: what others do not count is 0. */
    static ContextureTokenUsage of(TokenUsage usage) {
        return usage instanceof ContextureTokenUsage ours
                ? ours
                : new ContextureTokenUsage(usage.inputTokenCount(), usage.outputTokenCount(), 0, 0);
    }

    /** Of several requests for one answer, as AiServices count them. */
    @Override
    public ContextureTokenUsage add(@Nullable TokenUsage that) {
        if (that == null) {
            return this;
        }
        ContextureTokenUsage other = of(that);
        return new ContextureTokenUsage(
                sum(inputTokenCount(), other.inputTokenCount()),
                sum(outputTokenCount(), other.outputTokenCount()),
                cachedInputTokenCount + other.cachedInputTokenCount,
                reasoningTokenCount + other.reasoningTokenCount);
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
