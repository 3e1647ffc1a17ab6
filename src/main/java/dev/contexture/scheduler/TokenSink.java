package dev.contexture.scheduler;

import dev.contexture.core.FinishReason;
import dev.contexture.core.SparsityUsage;
import java.util.Optional;

/**
 * Where a sequence's tokens go. All methods are called by one thread for all sequences, in order, and must not block; after
 * {@link #onFinished} or {@link #onFailed} (exactly one of them, once) nothing more comes, and no token after {@link
 * Verdict#STOP}.
 */
public interface TokenSink {
    /** Whether the sequence goes on. */
    enum Verdict {
        CONTINUE,
        /** A stop sequence was found: the sequence ends with {@link FinishReason#STOP}. */
        STOP
    }

    /**
     * The sequence left the queue for the first time.
     *
     * @param cachedTokens of its prompt that are not computed again
     * @param restore what was decided about stored blocks; empty if there were none to look for
     */
    void onAdmitted(int cachedTokens, Optional<RestoreReport> restore);

    Verdict onToken(GeneratedToken token);

    /**
     * @param sparsity how the output was decoded
     */
    void onFinished(FinishReason reason, SparsityUsage sparsity);

    void onFailed(RuntimeException cause);
}
