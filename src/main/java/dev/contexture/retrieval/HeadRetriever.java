package dev.contexture.retrieval;

import dev.contexture.core.SelectionMatrix;
import dev.contexture.kv.StepSlots;
import dev.contexture.nativelib.NativeRetrievalPool;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * The trained retrieval head. Its keys lie in a pool of their own, under the page ids of the KV pool, and are never pruned.
 *
 * <p>Keys of single tokens are made late and many at once, which reads the head's weights once for all of them: at the end of each
 * run of sixteen, and before the recent window, which no selection scores, has passed one. Until then the tokens' features
 * are kept, and no other sequence is told of their blocks.
 */
public final class HeadRetriever implements Retriever {
    /** As blocks are by default: longer runs would save little more, and a sequence that ends loses what it has pending. */
    private static final int RUN_TOKENS = 16;

    private final int featureWidth;
    private final int[] groupOfLayer;
    private final HeadRunner runner;
    private final NativeRetrievalPool pool;

    /**
     * Owns the runner, not the pool.
     *
     * @param featureWidth numbers that the head reads of one token
     * @param groupOfLayer the head's layer group of each of the model's layers
     */
    public HeadRetriever(int featureWidth, List<Integer> groupOfLayer, HeadRunner runner, NativeRetrievalPool pool) {
        this.featureWidth = featureWidth;
        this.groupOfLayer = groupOfLayer.stream().mapToInt(Integer::intValue).toArray();
        this.runner = runner;
        this.pool = pool;
    }

    /** Numbers that the head reads of one token, and carries to the next. */
    public int featureWidth() {
        return featureWidth;
    }

    @Override
    public String name() {
        return "head";
    }

    @Override
    public int[] groupOfLayer() {
        return groupOfLayer.clone();
    }

    @Override
    public boolean needsBlocks() {
        return false;
    }

    @Override
    public void prepare(StepSlots slots) {}

    @Override
    public SelectionMatrix select(List<SelectionQuery> queries, StepSlots slots) {
        pool.setSelect(SelectSteps.of(queries, slots));
        List<Integer> tokens = new ArrayList<>();
        List<FloatBuffer> features = new ArrayList<>();
        for (SelectionQuery query : queries) {
            if (!query.state().precedes(slots.contextLength(query.sequence()))) {
                throw new IllegalStateException(
                        "the token before sequence " + query.sequence() + " of the step was not observed");
            }
            for (int token : query.tokens()) {
                // Of a chunk only the first token's features are known; the others choose with the same ones.
                features.add(FloatBuffer.wrap(query.state().carried()));
                tokens.add(token);
            }
        }
        runner.select(array(tokens), features);
        return pool.selection();
    }

    @Override
    public void observe(StepSlots slots, List<Observation> observed, FloatBuffer features) {
        boolean due = observed.stream().anyMatch(each -> isDue(each, slots));
        Append append = new Append(slots);
        int row = 0;
        for (Observation each : observed) {
            int rows = each.tokens().length;
            FloatBuffer ofSequence = features.slice(row * featureWidth, rows * featureWidth);
            row += rows;
            int next = slots.contextLength(each.sequence()) + rows;
            each.state().recent().add(ofSequence, rows, next);
            if (due) {
                append.take(each, ofSequence);
            } else {
                each.state().pendingKeys().add(each.tokens()[0], ofSequence);
            }
            if (each.mayChoose()) {
                float[] last = new float[featureWidth];
                ofSequence.get((rows - 1) * featureWidth, last);
                each.state().carry(last, next);
            }
        }
        if (due) {
            append.run();
        }
    }

    /** Rows of a prompt are; a single row is at the end of a run, or if it cannot wait without being scored. */
    private static boolean isDue(Observation each, StepSlots slots) {
        int next = slots.contextLength(each.sequence()) + 1;
        int run = Math.min(RUN_TOKENS, slots.pageTokens());
        return each.tokens().length > 1 || next % run == 0 || each.state().pendingTokens() + 1 > each.unscored();
    }

    /** All tokens of a step and before it whose keys are still to be made. */
    private final class Append {
        private final StepSlots slots;
        private final List<Integer> tokens = new ArrayList<>();
        private final List<FloatBuffer> features = new ArrayList<>();
        private final List<Integer> positions = new ArrayList<>();
        private final List<Long> places = new ArrayList<>();

        private Append(StepSlots slots) {
            this.slots = slots;
        }

        private void take(Observation each, FloatBuffer rows) {
            PendingKeys pending = each.state().pendingKeys();
            int begin = slots.contextLength(each.sequence());
            int end = begin + each.tokens().length;
            for (int position = begin - pending.count(); position < end; position++) {
                positions.add(position);
                places.add(slots.slot(each.sequence(), position));
            }
            pending.drainTo(tokens, features);
            for (int token : each.tokens()) {
                tokens.add(token);
            }
            features.add(rows);
        }

        private void run() {
            pool.setAppend(
                    array(positions), places.stream().mapToLong(Long::longValue).toArray());
            runner.append(array(tokens), features);
        }
    }

    private static int[] array(List<Integer> numbers) {
        return numbers.stream().mapToInt(Integer::intValue).toArray();
    }

    @Override
    public void close() {
        runner.close();
    }
}
