package dev.contexture.provider.springai;

import dev.contexture.core.SparsityMode;
import dev.contexture.core.SparsityOverrides;
import dev.contexture.session.dialect.ToolChoice;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.ai.chat.prompt.ChatOptions;
import org.springframework.ai.model.tool.DefaultToolCallingChatOptions;
import org.springframework.ai.model.tool.StructuredOutputChatOptions;
import org.springframework.ai.model.tool.ToolCallingChatOptions;

/** Spring AI's options with both tools and a schema of the answer, as its own have either, and ours; null: as the service says. */
public final class ContextureChatOptions extends DefaultToolCallingChatOptions implements StructuredOutputChatOptions {
    private final Extras extras;

    /** What Spring AI's builders know nothing of. */
    private record Extras(
            @Nullable String outputSchema,
            @Nullable String sessionId,
            SparsityOverrides sparsity,
            @Nullable Boolean thinking,
            @Nullable Double minP,
            @Nullable Double repetitionPenalty,
            @Nullable Long seed,
            @Nullable ToolChoice toolChoice) {
        /** The other's where it says something. */
        Extras overriddenBy(Extras other) {
            return new Extras(
                    or(other.outputSchema, outputSchema),
                    or(other.sessionId, sessionId),
                    new SparsityOverrides(
                            or(other.sparsity.mode(), sparsity.mode()),
                            or(other.sparsity.budget(), sparsity.budget()),
                            or(other.sparsity.sink(), sparsity.sink()),
                            or(other.sparsity.recent(), sparsity.recent())),
                    or(other.thinking, thinking),
                    or(other.minP, minP),
                    or(other.repetitionPenalty, repetitionPenalty),
                    or(other.seed, seed),
                    or(other.toolChoice, toolChoice));
        }

        private static <T> @Nullable T or(@Nullable T value, @Nullable T otherwise) {
            return value == null ? otherwise : value;
        }
    }

    private ContextureChatOptions(ToolCallingChatOptions others, Extras extras) {
        super(
                others.getToolCallbacks(),
                others.getToolContext(),
                others.getModel(),
                others.getFrequencyPenalty(),
                others.getMaxTokens(),
                others.getPresencePenalty(),
                others.getStopSequences(),
                others.getTemperature(),
                others.getTopK(),
                others.getTopP());
        this.extras = extras;
    }

    public static Builder builder() {
        return new Builder();
    }

    /** Of any options. */
    static ContextureChatOptions of(ChatOptions options) {
        return options instanceof ContextureChatOptions ours
                ? ours
                : builder().combineWith(options.mutate()).build();
    }

    @Override
    public @Nullable String getOutputSchema() {
        return extras.outputSchema;
    }

    /** The session that the prompt is the next turn of. */
    public @Nullable String getSessionId() {
        return extras.sessionId;
    }

    /** How the answer is decoded, where it is not as the service says. */
    public SparsityOverrides getSparsity() {
        return extras.sparsity;
    }

    /** Whether the model is to think in front of its answer; for templates that can be told. */
    public @Nullable Boolean getThinking() {
        return extras.thinking;
    }

    /** Tokens less likely than this share of the likeliest are not drawn, 0 to 1. */
    public @Nullable Double getMinP() {
        return extras.minP;
    }

    /** Above 0, at most 10; 1 is off. */
    public @Nullable Double getRepetitionPenalty() {
        return extras.repetitionPenalty;
    }

    /** Makes the draw repeatable. */
    public @Nullable Long getSeed() {
        return extras.seed;
    }

    /** Whether and what of the tools the model may call; null: as it likes. */
    public @Nullable ToolChoice getToolChoice() {
        return extras.toolChoice;
    }

    @Override
    public Builder mutate() {
        Builder builder = builder()
                .toolCallbacks(getToolCallbacks())
                .toolContext(getToolContext())
                .model(getModel())
                .frequencyPenalty(getFrequencyPenalty())
                .maxTokens(getMaxTokens())
                .presencePenalty(getPresencePenalty())
                .stopSequences(getStopSequences())
                .temperature(getTemperature())
                .topK(getTopK())
                .topP(getTopP());
        return builder.with(extras);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof ContextureChatOptions options && super.equals(options) && extras.equals(options.extras);
    }

    @Override
    public int hashCode() {
        return Objects.hash(super.hashCode(), extras);
    }

    /** As Spring AI's own, with a schema and our fields. */
    public static final class Builder extends DefaultToolCallingChatOptions.Builder<Builder>
            implements StructuredOutputChatOptions.Builder<Builder> {
        private @Nullable String outputSchema;
        private @Nullable String sessionId;
        private SparsityOverrides sparsity = SparsityOverrides.NONE;
        private @Nullable Boolean thinking;
        private @Nullable Double minP;
        private @Nullable Double repetitionPenalty;
        private @Nullable Long seed;
        private @Nullable ToolChoice toolChoice;

        private Builder() {}

        @Override
        public Builder outputSchema(@Nullable String schema) {
            this.outputSchema = schema;
            return this;
        }

        public Builder sessionId(@Nullable String id) {
            this.sessionId = id;
            return this;
        }

        /**
         * @param budget in tokens attended per step, layer group and KV head
         */
        public Builder sparsity(@Nullable SparsityMode mode, @Nullable Integer budget) {
            return sparsity(new SparsityOverrides(mode, budget, null, null));
        }

        public Builder sparsity(SparsityOverrides overrides) {
            this.sparsity = overrides;
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

        public Builder toolChoice(@Nullable ToolChoice choice) {
            this.toolChoice = choice;
            return this;
        }

        private Extras extras() {
            return new Extras(outputSchema, sessionId, sparsity, thinking, minP, repetitionPenalty, seed, toolChoice);
        }

        private Builder with(Extras extras) {
            return outputSchema(extras.outputSchema)
                    .sessionId(extras.sessionId)
                    .sparsity(extras.sparsity)
                    .thinking(extras.thinking)
                    .minP(extras.minP)
                    .repetitionPenalty(extras.repetitionPenalty)
                    .seed(extras.seed)
                    .toolChoice(extras.toolChoice);
        }

        @Override
        public Builder combineWith(ChatOptions.Builder<?> other) {
            super.combineWith(other);
            ChatOptions built = other.build();
            if (built instanceof ContextureChatOptions ours) {
                with(extras().overriddenBy(ours.extras));
            } else if (built instanceof StructuredOutputChatOptions format && format.getOutputSchema() != null) {
                outputSchema(format.getOutputSchema());
            }
            return this;
        }

        @Override
        public ContextureChatOptions build() {
            return new ContextureChatOptions(super.build(), extras());
        }
    }
}
