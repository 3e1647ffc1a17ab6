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
        } catch (RuntimeException | Error e) {
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
        } catch (RuntimeException | Error e) {
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
        try {
            sink.onFinished(word == Word.STOP ? FinishReason.STOP : reason, usage);
            return true;
        } catch (RuntimeException | Error e) {
            return false;
        }
    }

    /**
     * A step failed, which does not concern an answer that had ended before.
     *
     * @return whether the sink took it
     */
    boolean failed(RuntimeException cause, SparsityUsage usage) {
        switch (word) {
            case STOP -> {
                return finished(FinishReason.STOP, usage);
            }
            case GO_ON -> fail(cause);
            case BROKEN -> {}
        }
        return true;
    }

    private void tellBroken(Throwable cause) {
        say(Word.BROKEN);
        fail(
                cause instanceof RuntimeException known
                        ? known
                        : new IllegalStateException("the sink failed: " + cause, cause));
    }

    /** A sink that breaks even here has nobody left to tell. */
    private void fail(RuntimeException cause) {
        try {
            sink.onFailed(cause);
        } catch (RuntimeException | Error e) {
            cause.addSuppressed(e);
        }
    }

    private void say(Word next) {
        word = next;
        wakeLoop.run();
    }
}
