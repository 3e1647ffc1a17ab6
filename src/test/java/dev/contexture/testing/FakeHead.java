package dev.contexture.testing;

import dev.contexture.core.SelectionMatrix;
import dev.contexture.core.SelectionRule;
import dev.contexture.nativelib.NativeRetrievalPool;
import dev.contexture.nativelib.SelectStep;
import dev.contexture.retrieval.HeadRunner;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.function.IntUnaryOperator;

/**
 * A retrieval head whose keys are the token ids, for one layer group and two KV heads. It selects at random, and makes sure
 * that every key that it would have read is the one that belongs there.
 */
public final class FakeHead implements HeadRunner, NativeRetrievalPool {
    /** Numbers that it reads of one token. */
    public static final int FEATURES = 1;

    private static final int KV_HEADS = 2;

    private final int pageTokens;
    private final int[] keys;
    private final Random random;
    private final IntUnaryOperator truth;
    private long[] slots = {};
    private SelectStep step = new SelectStep(
            new int[0], new int[0], new int[0], new int[0], new int[0], List.of(), new int[0], new int[0]);

    /** Keys that were checked. */
    public long checks;

    /**
     * @param truth the token at a position; negative where none is known
     */
    public FakeHead(int pages, int pageTokens, Random random, IntUnaryOperator truth) {
        this.pageTokens = pageTokens;
        this.keys = new int[pages * pageTokens];
        this.random = random;
        this.truth = truth;
        Arrays.fill(keys, FakeKvPool.NOTHING);
    }

    int key(int slot) {
        return keys[slot];
    }

    void setKey(int slot, int token) {
        keys[slot] = token;
    }

    @Override
    public void append(int[] tokenIds, List<FloatBuffer> features) {
        for (int i = 0; i < tokenIds.length; i++) {
            keys[(int) slots[i]] = tokenIds[i];
        }
    }

    @Override
    public void setAppend(int[] positions, long[] newSlots) {
        slots = newSlots.clone();
    }

    @Override
    public void setSelect(SelectStep newStep) {
        step = newStep;
    }

    @Override
    public void select(int[] tokenIds, List<FloatBuffer> features) {
        for (int row = 0; row < step.rows(); row++) {
            int scored = step.positions()[row] - step.rules().get(row).recent();
            for (int position = 0; position <= scored; position++) {
                int expected = truth.applyAsInt(position);
                int page = step.pages()[step.pageOffsets()[row] + position / pageTokens];
                int found = keys[page * pageTokens + position % pageTokens];
                if (expected >= 0 && found != expected) {
                    throw new AssertionError("the key at " + position + " is " + found + " instead of " + expected);
                }
                checks++;
            }
        }
    }

    @Override
    public SelectionMatrix selection() {
        int rows = step.rows();
        int width = step.rules().stream().mapToInt(SelectionRule::budget).max().orElseThrow();
        int[] counts = new int[rows * KV_HEADS];
        int[] positions = new int[counts.length * width];
        float[] mass = new float[counts.length];
        for (int list = 0; list < counts.length; list++) {
            int[] chosen = choose(step.rules().get(list / KV_HEADS), step.positions()[list / KV_HEADS]);
            counts[list] = chosen.length;
            mass[list] = 0.5f;
            System.arraycopy(chosen, 0, positions, list * width, chosen.length);
        }
        return new SelectionMatrix(rows, 1, KV_HEADS, width, counts, positions, mass);
    }

    private int[] choose(SelectionRule rule, int position) {
        TreeSet<Integer> chosen = new TreeSet<>();
        for (int i = 0; i < rule.sink() && i <= position; i++) {
            chosen.add(i);
        }
        for (int i = 0; i < rule.recent() && i <= position; i++) {
            chosen.add(position - i);
        }
        while (chosen.size() < Math.min(rule.budget(), position + 1)) {
            chosen.add(random.nextInt(position + 1));
        }
        return chosen.stream().mapToInt(Integer::intValue).toArray();
    }

    @Override
    public long id() {
        return 1;
    }

    @Override
    public long bytes() {
        return 4L * keys.length;
    }

    @Override
    public void copyPage(int fromPage, int toPage, int count) {
        System.arraycopy(keys, fromPage * pageTokens, keys, toPage * pageTokens, count);
    }

    @Override
    public void close() {}
}
