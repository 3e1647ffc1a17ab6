package dev.contexture.session;

import dev.contexture.core.FinishReason;
import dev.contexture.core.SparsityUsage;
import java.util.List;

/** What comes back, in order: {@link Delta} and {@link Finished} per choice, then one {@link Completed}. */
public sealed interface GenerationEvent {
    /**
     * Text of a choice that is final: whole characters, and no beginning of a stop sequence.
     *
     * @param text may be empty when only tokens are reported
     * @param tokens the tokens with log-probabilities behind the text; empty when not asked for
     */
    record Delta(int choice, String text, List<TokenDetail> tokens) implements GenerationEvent {
        public Delta {
            tokens = List.copyOf(tokens);
        }
    }

    record Finished(int choice, FinishReason reason) implements GenerationEvent {}

    /** The last event. */
    record Completed(Usage usage) implements GenerationEvent {}

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
     */
    record Usage(int promptTokens, int cachedTokens, int completionTokens, SparsityUsage sparsity) {
        public static final Usage NONE = new Usage(0, 0, 0, SparsityUsage.NONE);

        /** Of both together. */
        public Usage plus(Usage other) {
            return new Usage(
                    promptTokens + other.promptTokens,
                    cachedTokens + other.cachedTokens,
                    completionTokens + other.completionTokens,
                    sparsity.plus(other.sparsity));
        }
    }
}
