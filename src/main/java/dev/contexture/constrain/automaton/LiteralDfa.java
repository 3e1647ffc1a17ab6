package dev.contexture.constrain.automaton;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Accepts one text. */
public final class LiteralDfa extends Dfa {
    private final byte[] text;

    public LiteralDfa(byte[] text) {
        this.text = text.clone();
    }

    public LiteralDfa(String text) {
        this(text.getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public int next(int state, int b) {
        return state < text.length && (text[state] & 0xFF) == b ? state + 1 : DEAD;
    }

    @Override
    public boolean accepts(int state) {
        return state == text.length;
    }

    @Override
    public boolean canGoOn(int state) {
        return state < text.length;
    }

    private record Key(ByteBuffer rest, boolean whole) {}

    @Override
    public Object key(int state, int bytes) {
        int end = Math.min(text.length, state + bytes);
        return new Key(ByteBuffer.wrap(Arrays.copyOfRange(text, state, end)), end == text.length);
    }

    @Override
    public long bytes() {
        return 32L + text.length;
    }

    @Override
    ByteClasses classes() {
        return ByteClasses.ofSingles(text);
    }
}
