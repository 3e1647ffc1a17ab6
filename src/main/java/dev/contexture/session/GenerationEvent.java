package dev.contexture.session;

import dev.contexture.core.FinishReason;
import dev.contexture.core.SparsityUsage;
import dev.contexture.scheduler.RestoreReport;
import java.util.List;
import java.util.Optional;

/** What comes back, in order: {@link Delta} and {@link Finished} per choice, then one {@link Completed}. */
public sealed interface GenerationEvent {
    /**
     * Text of a choice that is final: whole characters, and no beginning of a stop sequence.
     *
     * @param text may be empty when only tokens are reported
     * @param tokens the tokens with log-probabilities behind the text; empty when not asked for
     * @param tokenIds drawn since the event before; the text of the last may still be held back. Of sessions only
     */
    record Delta(int choice, String text, List<TokenDetail> tokens, List<Integer> tokenIds) implements GenerationEvent {
        public Delta {
            tokens = List.copyOf(tokens);
            tokenIds = List.copyOf(tokenIds);
        }

        public Delta(int choice, String text, List<TokenDetail> tokens) {
            this(choice, text, tokens, List.of());
        }
    }

    /**
     * @param tokenIds drawn since the last text. Of sessions only
     */
    record Finished(int choice, FinishReason reason, List<Integer> tokenIds) implements GenerationEvent {
        public Finished {
            tokenIds = List.copyOf(tokenIds);
        }

        public Finished(int choice, FinishReason reason) {
            this(choice, reason, List.of());
        }
    }

    /**
     * The last event.
     *
     * @param turn what a session's turn left behind
     */
    record Completed(Usage usage, Optional<TurnOutcome> turn) implements GenerationEvent {
        public Completed(Usage usage) {
            this(usage, Optional.empty());
        }
    }

    /** A token with its spelling, bytes and log-probability, and its likeliest alternatives. */
    record TokenDetail(String text, byte[] bytes, float logprob, List<TokenDetail> alternatives) {
        public TokenDetail {
            alternatives = List.copyOf(alternatives);
        }
    }

    /**
     * Tokens of the whole request.
     *
     * @param promptTokens counted once, whatever the number of choices; cached ones included
     * @param cachedTokens prompt tokens that were not computed again
     * @param sparsity how the output was decoded
     * @param restore what was decided about stored blocks of the prompt; empty if there were none to look for
     */
    record Usage(
            int promptTokens,
            int cachedTokens,
            int completionTokens,
            SparsityUsage sparsity,
            Optional<RestoreReport> restore) {
        public static final Usage NONE = new Usage(0, 0, 0, SparsityUsage.NONE);

        public Usage(int promptTokens, int cachedTokens, int completionTokens, SparsityUsage sparsity) {
            this(promptTokens, cachedTokens, completionTokens, sparsity, Optional.empty());
        }

        /** Of both together. */
        public Usage plus(Usage other) {
            return new Usage(
                    promptTokens + other.promptTokens,
                    cachedTokens + other.cachedTokens,
                    completionTokens + other.completionTokens,
                    sparsity.plus(other.sparsity),
                    restore.or(() -> other.restore));
        }
    }
}
