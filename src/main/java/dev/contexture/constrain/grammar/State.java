package dev.contexture.constrain.grammar;

import dev.contexture.constrain.automaton.Dfa;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Where a text may be in a grammar: all ways to read it so far. Belongs to its {@link Machine}, and is as safe for threads. */
public final class State {
    private static final int CHUNK_BITS = 4;
    private static final int CHUNK = 1 << CHUNK_BITS;

    private final List<Way> ways;
    private final boolean complete;
    private final State[][] next = new State[256 >> CHUNK_BITS][];
    private final int generation;
    private @Nullable Object attachment;

    /**
     * A way to read the text: within a lexeme, with what must follow it.
     *
     * @param after null: nothing
     */
    public record Way(Dfa dfa, int at, @Nullable Cell after) {}

    /**
     * @param generation in which its machine made it
     */
    State(List<Way> ways, boolean complete, int generation) {
        this.ways = ways;
        this.complete = complete;
        this.generation = generation;
    }

    public List<Way> ways() {
        return ways;
    }

    int generation() {
        return generation;
    }

    /** Whether the text may end here. */
    public boolean isComplete() {
        return complete;
    }

    /** Whether the text cannot go on. */
    public boolean isEnd() {
        return ways.isEmpty();
    }

    @Nullable
    State known(int b) {
        State[] chunk = next[b >> CHUNK_BITS];
        return chunk == null ? null : chunk[b & CHUNK - 1];
    }

    void learn(int b, State state) {
        State[] chunk = next[b >> CHUNK_BITS];
        if (chunk == null) {
            chunk = new State[CHUNK];
            next[b >> CHUNK_BITS] = chunk;
        }
        chunk[b & CHUNK - 1] = state;
    }

    /** What a user of the machine keeps with the state. */
    public @Nullable Object attachment() {
        return attachment;
    }

    public void attach(Object kept) {
        attachment = kept;
    }
}
