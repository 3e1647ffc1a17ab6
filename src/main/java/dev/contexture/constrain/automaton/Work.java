package dev.contexture.constrain.automaton;

import java.util.concurrent.CancellationException;

/**
 * Elementary steps of one compilation, counted and bounded: a cell of a table, an element of a list that is copied. What is
 * kept of them is bounded with them. Used by one thread.
 */
public final class Work {
    /** Steps that a compilation may take: a few seconds of one processor. */
    public static final long MOST = 10_000_000;

    /** So many steps between two looks at whether the thread was interrupted. */
    private static final long UNWATCHED = 1 << 14;

    private final long most;
    private long done;
    private long nextLook = UNWATCHED;

    public Work() {
        this(MOST);
    }

    /**
     * @param most steps
     */
    public Work(long most) {
        this.most = most;
    }

    /**
     * Before steps are taken.
     *
     * @throws ExhaustedException if they are more than are left
     * @throws CancellationException if the thread was interrupted
     */
    public void charge(long steps) {
        if (steps > most - done) {
            done = most;
            throw new ExhaustedException(most);
        }
        done += steps;
        if (done >= nextLook) {
            nextLook = done + UNWATCHED;
            if (Thread.currentThread().isInterrupted()) {
                throw new CancellationException("compiling a schema was interrupted");
            }
        }
    }

    /** Steps so far. */
    public long done() {
        return done;
    }

    /** All steps were taken. Says nothing of one automaton, as {@link TooLargeException} does: nothing more can be compiled. */
    public static final class ExhaustedException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        ExhaustedException(long most) {
            super("more than " + most + " steps would have to be taken");
        }
    }
}
