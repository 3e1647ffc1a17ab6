package dev.contexture.testing;

import dev.contexture.engine.ModelRunException;
import dev.contexture.engine.ModelRunner;
import java.nio.FloatBuffer;
import java.util.Arrays;

/** Runs {@link FakeModel} on a {@link FakeKvPool}; fails when told to, after it has written. */
public final class FakeModelRunner implements ModelRunner {
    private final FakeKvPool pool;
    private final int featureWidth;
    private int rows;
    private float[] logits = {};
    private boolean failNext;
    private boolean breakNext;

    public FakeModelRunner(FakeKvPool pool) {
        this(pool, 0);
    }

    /**
     * @param featureWidth numbers that a retrieval head would read of one token; all are 0
     */
    public FakeModelRunner(FakeKvPool pool, int featureWidth) {
        this.pool = pool;
        this.featureWidth = featureWidth;
    }

    public void failNext() {
        failNext = true;
    }

    /** The next run ends with an Error, as when memory is exhausted. */
    public void breakNext() {
        breakNext = true;
    }

    @Override
    public void run(int[] tokenIds, int[] logitRows) {
        rows = tokenIds.length;
        logits = new float[logitRows.length * FakeModel.VOCABULARY];
        int row = 0;
        int wanted = 0;
        for (int sequence = 0; sequence < pool.sequences(); sequence++) {
            for (int i = 0; i < pool.queryLength(sequence); i++, row++) {
                int position = pool.contextLength(sequence) + i;
                pool.write(sequence, position, tokenIds[row]);
                if (wanted < logitRows.length && logitRows[wanted] == row) {
                    int next = FakeModel.next(pool.read(sequence, position + 1));
                    int begin = wanted * FakeModel.VOCABULARY;
                    Arrays.fill(logits, begin, begin + FakeModel.VOCABULARY, -10f);
                    logits[begin + next] = 10f;
                    wanted++;
                }
            }
        }
        if (breakNext) {
            throw new OutOfMemoryError("told to break");
        }
        if (failNext) {
            failNext = false;
            throw new ModelRunException("told to fail", new IllegalStateException());
        }
    }

    @Override
    public FloatBuffer logits() {
        return FloatBuffer.wrap(logits);
    }

    @Override
    public FloatBuffer features() {
        return FloatBuffer.allocate(rows * featureWidth);
    }

    @Override
    public int vocabularySize() {
        return FakeModel.VOCABULARY;
    }

    @Override
    public void close() {}
}
