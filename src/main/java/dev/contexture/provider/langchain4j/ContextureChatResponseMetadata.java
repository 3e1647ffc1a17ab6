package dev.contexture.provider.langchain4j;

import dev.contexture.core.SparsityUsage;
import dev.contexture.provider.SingleAnswer;
import dev.contexture.scheduler.RestoreReport;
import dev.contexture.session.TurnOutcome;
import dev.langchain4j.model.chat.response.ChatResponseMetadata;
import dev.langchain4j.model.output.FinishReason;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** LangChain4j's metadata, always complete, and what only this engine can say. */
public final class ContextureChatResponseMetadata extends ChatResponseMetadata {
    private final SparsityUsage sparsity;
    private final Optional<RestoreReport> restore;
    private final Optional<TurnOutcome> turn;

    private ContextureChatResponseMetadata(Builder builder) {
        super(builder);
        this.sparsity = builder.sparsity;
        this.restore = builder.restore;
        this.turn = builder.turn;
    }

    static ContextureChatResponseMetadata of(SingleAnswer answer) {
        return new Builder()
                .id(answer.id())
                .modelName(answer.model())
                .tokenUsage(new ContextureTokenUsage(answer.usage()))
                .finishReason(
                        switch (answer.reason()) {
                            case STOP -> FinishReason.STOP;
                            case LENGTH -> FinishReason.LENGTH;
                            case TOOL_CALLS -> FinishReason.TOOL_EXECUTION;
                            case CANCELLED -> FinishReason.OTHER;
                        })
                .ours(answer.usage().sparsity(), answer.usage().restore(), answer.turn())
                .build();
    }

    @Override
    public ContextureTokenUsage tokenUsage() {
        return ContextureTokenUsage.of(super.tokenUsage());
    }

    /** How the answer was decoded. */
    public SparsityUsage sparsity() {
        return sparsity;
    }

    /** What was decided about blocks of the prompt that lay in tiers below the KV pool; empty if there were none to look for. */
    public Optional<RestoreReport> restore() {
        return restore;
    }

    /** What a session's turn left behind. */
    public Optional<TurnOutcome> turn() {
        return turn;
    }

    @Override
    public Builder toBuilder() {
        Builder builder = new Builder().ours(sparsity, restore, turn);
        toBuilder(builder);
        return builder;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof ContextureChatResponseMetadata that
                && super.equals(that)
                && sparsity.equals(that.sparsity)
                && restore.equals(that.restore)
                && turn.equals(that.turn);
    }

    @Override
    public int hashCode() {
        return Objects.hash(super.hashCode(), sparsity, restore, turn);
    }

    @Override
    public String toString() {
        return super.toString() + " with sparsity=" + sparsity + ", restore=" + restore + ", turn=" + turn;
    }

    /** For changed copies. */
    public static final class Builder extends ChatResponseMetadata.Builder<Builder> {
        private SparsityUsage sparsity = SparsityUsage.NONE;
        private Optional<RestoreReport> restore = Optional.empty();
        private Optional<TurnOutcome> turn = Optional.empty();

        private Builder() {}

        private Builder ours(
                SparsityUsage newSparsity, Optional<RestoreReport> newRestore, Optional<TurnOutcome> newTurn) {
            this.sparsity = newSparsity;
            this.restore = newRestore;
            this.turn = newTurn;
            return this;
        }

        @Override
        public ContextureChatResponseMetadata build() {
            return new ContextureChatResponseMetadata(this);
        }
    }
}
