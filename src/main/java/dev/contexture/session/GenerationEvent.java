package dev.contexture.session;

import dev.contexture.core.FinishReason;
import dev.contexture.core.SparsityUsage;
import dev.contexture.scheduler.RestoreReport;
import dev.contexture.session.dialect.AnswerPart;
import java.util.List;
import java.util.Optional;

/**
 * What comes back, in order: one {@link Begun}, {@link Delta}, {@link Part} and {@link Finished} per choice, then one {@link Completed}.
 */
public sealed interface GenerationEvent {
    /**
     * In front of the first of the others, not before there is one. Other processes do not tell it.
     *
     * @param promptTokens cached ones included
     * @param cachedTokens prompt tokens that were not computed again
     */
    record Begun(int promptTokens, int cachedTokens) implements GenerationEvent {}

    /**
     * Text of a choice that is final: whole characters, no beginning of a stop sequence, and none of a thought or a call.
     *
     * @param text may be empty when only tokens are reported
     * @param tokens the tokens with log-probabilities that were drawn since the last; empty when not asked for
     */
    record Delta(int choice, String text, List<TokenDetail> tokens) implements GenerationEvent {
        public Delta {
            tokens = List.copyOf(tokens);
        }
    }

    /**
     * A piece of a choice that is no text for the reader: of a thought or a call.
     *
     * @param part never {@link AnswerPart.Text}
     */
    record Part(int choice, AnswerPart part) implements GenerationEvent {}

    /**
     * What a session keeps of a choice; in front of the events that were made of it. Of sessions only.
     *
     * @param text as it was drawn, with tags and calls
     * @param tokenIds drawn since the last; the text of the last may still be held back
     */
    record Drawn(int choice, String text, List<Integer> tokenIds) implements GenerationEvent {
        public Drawn {
            tokenIds = List.copyOf(tokenIds);
        }
    }

    /**
     * The end of a choice.
     *
     * @param stopSequence of the request's, the one that ended it; empty if something else did, or nobody said
     */
    record Finished(int choice, FinishReason reason, Optional<String> stopSequence) implements GenerationEvent {
        public Finished(int choice, FinishReason reason) {
            this(choice, reason, Optional.empty());
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
     * @param reasoningTokens of the completion's, those of thoughts and their tags
     * @param sparsity how the output was decoded
     * @param restore what was decided about stored blocks of the prompt; empty if there were none to look for
     */
    record Usage(
            int promptTokens,
            int cachedTokens,
            int completionTokens,
            int reasoningTokens,
            SparsityUsage sparsity,
            Optional<RestoreReport> restore) {
        public static final Usage NONE = new Usage(0, 0, 0, SparsityUsage.NONE);

        public Usage(int promptTokens, int cachedTokens, int completionTokens, SparsityUsage sparsity) {
            this(promptTokens, cachedTokens, completionTokens, 0, sparsity, Optional.empty());
        }

        /** Of both together. */
        public Usage plus(Usage other) {
            return new Usage(
                    promptTokens + other.promptTokens,
                    cachedTokens + other.cachedTokens,
                    completionTokens + other.completionTokens,
                    reasoningTokens + other.reasoningTokens,
                    sparsity.plus(other.sparsity),
                    restore.or(() -> other.restore));
        }
    }
}
