package dev.contexture.constrain.automaton;

/**
 * A deterministic automaton over bytes. From every state that can be reached an accepting one can be, so a text that was begun
 * can be ended. Immutable.
 */
public abstract class Dfa {
    /** In place of a state: no text that goes on so is accepted. */
    public static final int DEAD = -1;

    public int start() {
        return 0;
    }

    /**
     * @param b in [0, 256)
     * @return the state behind the byte, or {@link #DEAD}
     */
    public abstract int next(int state, int b);

    public abstract boolean accepts(int state);

    /**
     * Equal for states, of any automata, that no text of at most {@code bytes} bytes tells apart: their token masks are the same
     * where no token is longer. May differ for some of these.
     */
    public abstract Object key(int state, int bytes);

    /** Whether a longer text is accepted. */
    public abstract boolean canGoOn(int state);

    /** Memory that it takes, about. */
    public abstract long bytes();

    /** Bytes of one class lead from every state to the same one. */
    abstract ByteClasses classes();

    /** The state behind {@code text}, or {@link #DEAD}. */
    public final int run(byte[] text) {
        int state = start();
        for (int i = 0; i < text.length && state != DEAD; i++) {
            state = next(state, text[i] & 0xFF);
        }
        return state;
    }

    public final boolean matches(byte[] text) {
        int state = run(text);
        return state != DEAD && accepts(state);
    }
}
