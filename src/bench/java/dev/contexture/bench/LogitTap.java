package dev.contexture.bench;

import dev.contexture.engine.ModelRunner;
import java.nio.FloatBuffer;
import java.util.stream.IntStream;

/** Keeps what a runner gave, so that an engine that samples can be asked for logits. Does not own the runner. */
final class LogitTap implements ModelRunner {
    private final ModelRunner runner;
    private boolean allRows;
    private FloatBuffer last = FloatBuffer.allocate(0);

    LogitTap(ModelRunner runner) {
        this.runner = runner;
    }

    /** From now on every row's logits are kept, which only steps that sample nothing can bear; or those asked for again. */
    void keepAllRows(boolean all) {
        allRows = all;
    }

    /** [rows, vocabulary] of the last run, valid until the next. */
    FloatBuffer logits() {
        return last.duplicate();
    }

    @Override
    public FloatBuffer run(int[] tokenIds, int[] logitRows) {
        if (allRows && logitRows.length > 0) {
            throw new IllegalStateException("a step that samples would get the logits of other rows");
        }
        int[] rows = allRows ? IntStream.range(0, tokenIds.length).toArray() : logitRows;
        last = runner.run(tokenIds, rows);
        return last.duplicate();
    }

    @Override
    public FloatBuffer features() {
        return runner.features();
    }

    @Override
    public int vocabularySize() {
        return runner.vocabularySize();
    }

    @Override
    public void close() {}
}
