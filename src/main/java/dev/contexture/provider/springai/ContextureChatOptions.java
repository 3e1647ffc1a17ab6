package dev.contexture.provider.springai;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.ai.chat.prompt.ChatOptions;
import org.springframework.ai.model.tool.DefaultToolCallingChatOptions;
import org.springframework.ai.model.tool.StructuredOutputChatOptions;
import org.springframework.ai.model.tool.ToolCallingChatOptions;

/** Spring AI's options with both tools and a schema of the answer, as its own have either. */
public final class ContextureChatOptions extends DefaultToolCallingChatOptions implements StructuredOutputChatOptions {
    private final @Nullable String outputSchema;

    private ContextureChatOptions(ToolCallingChatOptions others, @Nullable String outputSchema) {
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
        this.outputSchema = outputSchema;
    }

    public static Builder builder() {
        return new Builder();
    }

    @Override
    public @Nullable String getOutputSchema() {
        return outputSchema;
    }

    @Override
    public Builder mutate() {
        return builder()
                .toolCallbacks(getToolCallbacks())
                .toolContext(getToolContext())
                .model(getModel())
                .frequencyPenalty(getFrequencyPenalty())
                .maxTokens(getMaxTokens())
                .presencePenalty(getPresencePenalty())
                .stopSequences(getStopSequences())
                .temperature(getTemperature())
                .topK(getTopK())
                .topP(getTopP())
                .outputSchema(outputSchema);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof ContextureChatOptions options
                && super.equals(options)
                && Objects.equals(outputSchema, options.outputSchema);
    }

    @Override
    public int hashCode() {
        return Objects.hash(super.hashCode(), outputSchema);
    }

    /** As Spring AI's own, with a schema. */
    public static final class Builder extends DefaultToolCallingChatOptions.Builder<Builder>
            implements StructuredOutputChatOptions.Builder<Builder> {
        private @Nullable String outputSchema;

        private Builder() {}

        @Override
        public Builder outputSchema(@Nullable String schema) {
            this.outputSchema = schema;
            return this;
        }

        @Override
        public Builder combineWith(ChatOptions.Builder<?> other) {
            super.combineWith(other);
            if (other.build() instanceof StructuredOutputChatOptions format && format.getOutputSchema() != null) {
                outputSchema = format.getOutputSchema();
            }
            return this;
        }

        @Override
        public ContextureChatOptions build() {
            return new ContextureChatOptions(super.build(), outputSchema);
        }
    }
}
