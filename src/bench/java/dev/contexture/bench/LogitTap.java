package dev.contexture.bench;

import dev.contexture.engine.ModelRunner;
import java.nio.FloatBuffer;
import java.util.stream.IntStream;

/** Lets the logits of all rows of an engine's steps be looked at. Does not own the runner. */
final class LogitTap implements ModelRunner {
    private final ModelRunner runner;
    private boolean allRows;

    LogitTap(ModelRunner runner) {
        this.runner = runner;
    }

    /** From now on every row's logits are kept, which only steps that sample nothing can bear; or those asked for again. */
    void keepAllRows(boolean all) {
        allRows = all;
    }

    @Override
    public void run(int[] tokenIds, int[] logitRows) {
        if (allRows && logitRows.length > 0) {
            throw new IllegalStateException("a step that samples would get the logits of other rows");
        }
        int[] rows = allRows ? IntStream.range(0, tokenIds.length).toArray() : logitRows;
        runner.run(tokenIds, rows);
    }

    /** Of all rows, where they were to be kept. */
    @Override
    public FloatBuffer logits() {
        return runner.logits();
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
