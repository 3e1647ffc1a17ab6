package dev.contexture.constrain.automaton;

import java.nio.ByteBuffer;

/**
 * Accepts any bytes up to the end of the first mark in them. A state is how much of the mark was read last (Knuth, Morris and
 * Pratt's search).
 */
public final class UntilDfa extends Dfa {
    private final byte[] mark;
    /** By state: the longest shorter beginning of the mark that was read last, too. */
    private final int[] shorter;

    /**
     * @param mark at least one byte
     */
    public UntilDfa(byte[] mark) {
        if (mark.length == 0) {
            throw new IllegalArgumentException("a mark has at least one byte");
        }
        this.mark = mark.clone();
        this.shorter = new int[mark.length];
        for (int state = 1; state < mark.length - 1; state++) {
            shorter[state + 1] = advanced(shorter[state], mark[state] & 0xFF);
        }
    }

    private int advanced(int state, int b) {
        int at = state;
        while (at > 0 && (mark[at] & 0xFF) != b) {
            at = shorter[at];
        }
        return (mark[at] & 0xFF) == b ? at + 1 : 0;
    }

    @Override
    public int next(int state, int b) {
        return state == mark.length ? DEAD : advanced(state, b);
    }

    @Override
    public boolean accepts(int state) {
        return state == mark.length;
    }

    @Override
    public boolean canGoOn(int state) {
        return state < mark.length;
    }

    private record Key(ByteBuffer mark, int state) {}

    @Override
    public Object key(int state, int bytes) {
        return new Key(ByteBuffer.wrap(mark), state);
    }

    @Override
    public long bytes() {
        return 48L + mark.length + (long) Integer.BYTES * shorter.length;
    }

    @Override
    ByteClasses classes() {
        return ByteClasses.ofSingles(mark);
    }
}
