package dev.contexture.scheduler;

import dev.contexture.core.FinishReason;
import dev.contexture.core.SparsityUsage;
import java.util.Optional;

/**
 * The way from a sequence to its sink. What the sink says comes back as a word for the loop, which may have run further
 * meanwhile: tokens that were drawn after a stop are dropped here, so that a sink never sees them.
 *
 * <p>All methods but {@link #word} are called by one thread at a time, in the order of what happened.
 */
final class Outlet {
    /** What the loop is to know of a sink. */
    enum Word {
        GO_ON,
        /** A stop sequence was found. */
        STOP,
        /** The sink threw an exception, and was told that it failed. */
        BROKEN
    }

    private final TokenSink sink;
    private final Runnable wakeLoop;
    private volatile Word word = Word.GO_ON;

    Outlet(TokenSink sink, Runnable wakeLoop) {
        this.sink = sink;
        this.wakeLoop = wakeLoop;
    }

    /** Safe for use by several threads. */
    Word word() {
        return word;
    }

    void admitted(int cachedTokens, Optional<RestoreReport> restore) {
        try {
            sink.onAdmitted(cachedTokens, restore);
        } catch (RuntimeException e) {
            tellBroken(e);
        }
    }

    void token(GeneratedToken token) {
        if (word != Word.GO_ON) {
            return;
        }
        try {
            if (sink.onToken(token) == TokenSink.Verdict.STOP) {
                say(Word.STOP);
            }
        } catch (RuntimeException e) {
            tellBroken(e);
        }
    }

    /**
     * @return whether the sink took it; one that breaks at its very end is told nothing more
     */
    boolean finished(FinishReason reason, SparsityUsage usage) {
        if (word == Word.BROKEN) {
            return true;
        }
        boolean stopped = word == Word.STOP && reason != FinishReason.CANCELLED;
        try {
            sink.onFinished(stopped ? FinishReason.STOP : reason, usage);
            return true;
        } catch (RuntimeException e) {
            return false;
        }
    }

    void failed(RuntimeException cause) {
        if (word != Word.BROKEN) {
            fail(cause);
        }
    }

    private void tellBroken(RuntimeException cause) {
        say(Word.BROKEN);
        fail(cause);
    }

    /** A sink that breaks even here has nobody left to tell. */
    private void fail(RuntimeException cause) {
        try {
            sink.onFailed(cause);
        } catch (RuntimeException e) {
            cause.addSuppressed(e);
        }
    }

    private void say(Word next) {
        word = next;
        wakeLoop.run();
    }
}
