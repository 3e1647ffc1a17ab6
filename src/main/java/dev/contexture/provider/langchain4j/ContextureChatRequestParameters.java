package dev.contexture.provider.langchain4j;

import dev.contexture.core.SparsityMode;
import dev.contexture.core.SparsityOverrides;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.DefaultChatRequestParameters;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** LangChain4j's parameters and ours; null: as the model's defaults or the service say. */
public final class ContextureChatRequestParameters extends DefaultChatRequestParameters {
    public static final ContextureChatRequestParameters EMPTY = builder().build();

    private final @Nullable String sessionId;
    private final SparsityOverrides sparsity;
    private final @Nullable Boolean thinking;
    private final @Nullable Double minP;
    private final @Nullable Double repetitionPenalty;
    private final @Nullable Long seed;

    private ContextureChatRequestParameters(Builder builder) {
        super(builder);
        this.sessionId = builder.sessionId;
        this.sparsity = new SparsityOverrides(
                builder.sparsityMode, builder.sparsityBudget, builder.sparsitySink, builder.sparsityRecent);
        this.thinking = builder.thinking;
        this.minP = builder.minP;
        this.repetitionPenalty = builder.repetitionPenalty;
        this.seed = builder.seed;
    }

    public static Builder builder() {
        return new Builder();
    }

    /** Of any parameters. */
    static ContextureChatRequestParameters of(ChatRequestParameters parameters) {
        return parameters instanceof ContextureChatRequestParameters ours ? ours : EMPTY.overrideWith(parameters);
    }

    /** The session that the request is the next turn of. */
    public @Nullable String sessionId() {
        return sessionId;
    }

    /** How the answer is decoded, where it is not as the service says. */
    public SparsityOverrides sparsity() {
        return sparsity;
    }

    /** Whether the model is to think in front of its answer; for templates that can be told. */
    public @Nullable Boolean thinking() {
        return thinking;
    }

    /** Tokens less likely than this share of the likeliest are not drawn, 0 to 1. */
    public @Nullable Double minP() {
        return minP;
    }

    /** Above 0, at most 10; 1 is off. */
    public @Nullable Double repetitionPenalty() {
        return repetitionPenalty;
    }

    /** Makes the draw repeatable. */
    public @Nullable Long seed() {
        return seed;
    }

    @Override
    public ContextureChatRequestParameters overrideWith(ChatRequestParameters that) {
        return builder().overrideWith(this).overrideWith(that).build();
    }

    @Override
    public ContextureChatRequestParameters defaultedBy(ChatRequestParameters that) {
        return builder().overrideWith(that).overrideWith(this).build();
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof ContextureChatRequestParameters that
                && super.equals(that)
                && Objects.equals(sessionId, that.sessionId)
                && sparsity.equals(that.sparsity)
                && Objects.equals(thinking, that.thinking)
                && Objects.equals(minP, that.minP)
                && Objects.equals(repetitionPenalty, that.repetitionPenalty)
                && Objects.equals(seed, that.seed);
    }

    @Override
    public int hashCode() {
        return Objects.hash(super.hashCode(), sessionId, sparsity, thinking, minP, repetitionPenalty, seed);
    }

    @Override
    public String toString() {
        return super.toString() + " with sessionId=" + sessionId + ", sparsity=" + sparsity + ", thinking=" + thinking
                + ", minP=" + minP + ", repetitionPenalty=" + repetitionPenalty + ", seed=" + seed;
    }

    /** As LangChain4j's own, with our fields. */
    public static final class Builder extends DefaultChatRequestParameters.Builder<Builder> {
        private @Nullable String sessionId;
        private @Nullable SparsityMode sparsityMode;
        private @Nullable Integer sparsityBudget;
        private @Nullable Integer sparsitySink;
        private @Nullable Integer sparsityRecent;
        private @Nullable Boolean thinking;
        private @Nullable Double minP;
        private @Nullable Double repetitionPenalty;
        private @Nullable Long seed;

        private Builder() {}

        public Builder sessionId(@Nullable String id) {
            this.sessionId = id;
            return this;
        }

        public Builder sparsityMode(@Nullable SparsityMode mode) {
            this.sparsityMode = mode;
            return this;
        }

        /** In tokens attended per step, layer group and KV head. */
        public Builder sparsityBudget(@Nullable Integer tokens) {
            this.sparsityBudget = tokens;
            return this;
        }

        /** First tokens, always attended. */
        public Builder sparsitySink(@Nullable Integer tokens) {
            this.sparsitySink = tokens;
            return this;
        }

        /** Last tokens, always attended. */
        public Builder sparsityRecent(@Nullable Integer tokens) {
            this.sparsityRecent = tokens;
            return this;
        }

        public Builder thinking(@Nullable Boolean wanted) {
            this.thinking = wanted;
            return this;
        }

        public Builder minP(@Nullable Double share) {
            this.minP = share;
            return this;
        }

        public Builder repetitionPenalty(@Nullable Double penalty) {
            this.repetitionPenalty = penalty;
            return this;
        }

        public Builder seed(@Nullable Long value) {
            this.seed = value;
            return this;
        }

        @Override
        public Builder overrideWith(ChatRequestParameters parameters) {
            super.overrideWith(parameters);
            if (parameters instanceof ContextureChatRequestParameters that) {
                sessionId(or(that.sessionId, sessionId));
                sparsityMode(or(that.sparsity.mode(), sparsityMode));
                sparsityBudget(or(that.sparsity.budget(), sparsityBudget));
                sparsitySink(or(that.sparsity.sink(), sparsitySink));
                sparsityRecent(or(that.sparsity.recent(), sparsityRecent));
                thinking(or(that.thinking, thinking));
                minP(or(that.minP, minP));
                repetitionPenalty(or(that.repetitionPenalty, repetitionPenalty));
                seed(or(that.seed, seed));
            }
            return this;
        }

        private static <T> @Nullable T or(@Nullable T value, @Nullable T otherwise) {
            return value == null ? otherwise : value;
        }

        @Override
        public ContextureChatRequestParameters build() {
            return new ContextureChatRequestParameters(this);
        }
    }
}
