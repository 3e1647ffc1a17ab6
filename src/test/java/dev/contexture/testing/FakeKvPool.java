package dev.contexture.testing;

import dev.contexture.core.Selection;
import dev.contexture.core.SelectionMatrix;
import dev.contexture.kv.BlockLocation;
import dev.contexture.nativelib.NativeKvPool;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A pool whose slots keep token ids instead of keys and values. */
public final class FakeKvPool implements NativeKvPool {
    /** What a slot holds that nothing was written to. */
    public static final int NOTHING = -1;

    /** Sees what lists name. */
    public interface SelectionCheck {
        /**
         * @param token in the slot of the position
         */
        void selected(int sequence, int kvHead, int position, int token);
    }

    private final int pageTokens;
    private final int[] slots;
    private int[] queryLengths = {};
    private int[] contextLengths = {};
    private int[] pageOffsets = {};
    private int[] pages = {};
    private int keptHeads;

    /** The step's sequences that had selections, selection by selection; the model attends to everything all the same. */
    public final List<int[]> selectedSequences = new ArrayList<>();

    public SelectionCheck check = (sequence, kvHead, position, token) -> {};

    public FakeKvPool(int pages, int pageTokens) {
        this.pageTokens = pageTokens;
        this.slots = new int[pages * pageTokens];
        Arrays.fill(slots, NOTHING);
    }

    @Override
    public long id() {
        return 1;
    }

    @Override
    public long bytes() {
        return 4L * slots.length;
    }

    @Override
    public void setStep(int[] queryLengths, int[] contextLengths, int[] pageOffsets, int[] pages) {
        this.queryLengths = queryLengths.clone();
        this.contextLengths = contextLengths.clone();
        this.pageOffsets = pageOffsets.clone();
        this.pages = pages.clone();
    }

    @Override
    public void select(Selection chosen, int[] sequences, int[] groupOfLayer, int firstDenseLayers) {
        SelectionMatrix selection = chosen.onHost();
        selectedSequences.add(sequences.clone());
        for (int list = 0; list < selection.counts().length; list++) {
            int sequence = sequences[list / (selection.groups() * selection.kvHeads())];
            for (int i = 0; i < selection.counts()[list]; i++) {
                int position = selection.positions()[list * selection.stride() + i];
                if (position < contextLengths[sequence]) {
                    check.selected(sequence, list % selection.kvHeads(), position, slots[slot(sequence, position)]);
                }
            }
        }
    }

    @Override
    public void keepQueries(int queryHeads) {
        keptHeads = queryHeads;
    }

    /** The sequence's length, once per head. */
    @Override
    public float[] queries(int sequence) {
        float[] queries = new float[keptHeads];
        Arrays.fill(queries, contextLengths[sequence] + queryLengths[sequence]);
        return queries;
    }

    @Override
    public void copyPage(int fromPage, int toPage, int count) {
        System.arraycopy(slots, fromPage * pageTokens, slots, toPage * pageTokens, count);
    }

    /** The token that a block has at {@code index}. */
    public int token(BlockLocation block, int index) {
        return slots[slotOf(block, index)];
    }

    void setToken(BlockLocation block, int index, int token) {
        slots[slotOf(block, index)] = token;
    }

    int slotOf(BlockLocation block, int index) {
        int position = block.first() + index;
        return block.pages()[position / pageTokens] * pageTokens + position % pageTokens;
    }

    int sequences() {
        return queryLengths.length;
    }

    int queryLength(int sequence) {
        return queryLengths[sequence];
    }

    int contextLength(int sequence) {
        return contextLengths[sequence];
    }

    void write(int sequence, int position, int token) {
        slots[slot(sequence, position)] = token;
    }

    /** Tokens {@code [0, length)} of a sequence, read through its page table. */
    int[] read(int sequence, int length) {
        int[] tokens = new int[length];
        for (int i = 0; i < length; i++) {
            tokens[i] = slots[slot(sequence, i)];
        }
        return tokens;
    }

    private int slot(int sequence, int position) {
        return pages[pageOffsets[sequence] + position / pageTokens] * pageTokens + position % pageTokens;
    }

    @Override
    public void close() {}
}
