package dev.contexture.bench;

import dev.contexture.core.SamplingParams;
import dev.contexture.core.Sparsity;
import dev.contexture.core.SparsityUsage;
import dev.contexture.engine.Engine;
import dev.contexture.engine.SamplerState;
import dev.contexture.engine.SelectionStage;
import dev.contexture.engine.SequenceSparsity;
import dev.contexture.engine.StepPlan;
import dev.contexture.engine.StepPlan.SequenceStep;
import dev.contexture.kv.KvCache;
import dev.contexture.kv.SlotRequest;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Given tokens through the engine's own steps, with the logits of each. Sequences share the prefix cache: a context that was
 * filled before costs its last two tokens, which every run computes alike.
 */
final class SparseHarness {
    private static final int CHUNK_TOKENS = 512;
    /** Fewer, where every row's logits are wanted: they are 200 KB each. */
    private static final int SCORED_CHUNK_TOKENS = 128;

    private static final String SALT = "bench";

    private final EngineParts parts;
    private final KvCache kv;
    private final LogitTap tap;
    private long nextSequence = 1;

    /** Hears of each decoded row. */
    interface Rows {
        /**
         * One row.
         *
         * @param logits [vocabulary] behind the window's token {@code step}, valid during the call
         */
        void accept(int step, FloatBuffer logits);
    }

    /** Changes a context that has been taken in. */
    interface Change {
        /**
         * Called before the first token behind it is decoded.
         *
         * @return undoes the change once all are
         */
        Runnable apply(Run run);
    }

    SparseHarness(EngineParts parts) {
        this.parts = parts;
        this.kv = parts.kv();
        this.tap = new LogitTap(parts.runner());
    }

    EngineParts parts() {
        return parts;
    }

    /** An engine over the shared parts whose logits this harness sees. */
    Engine engine(SelectionStage stage) {
        return new Engine(kv, parts.pool(), tap, stage, parts.tokenizer().vocabularySize());
    }

    /** A sequence that has taken in its prompt but for the last {@code left} tokens; what was known of it is shared. */
    final class Run implements AutoCloseable {
        private final Engine engine;
        private final long id = nextSequence++;
        private final SequenceSparsity sparsity;
        private int taken;

        private Run(Engine engine, Sparsity policy, int[] prompt, int left) {
            this.engine = engine;
            this.sparsity = engine.begin(policy);
            this.taken = kv.admit(id, prompt, SALT);
            while (taken < prompt.length - left) {
                feed(Arrays.copyOfRange(prompt, taken, Math.min(prompt.length - left, taken + CHUNK_TOKENS)));
            }
        }

        /** Tokens taken in so far. */
        int taken() {
            return taken;
        }

        /** That it lies on, in logical order. */
        int[] pages() {
            return kv.snapshot().sequences().stream()
                    .filter(sequence -> sequence.sequenceId() == id)
                    .findFirst()
                    .orElseThrow()
                    .pages();
        }

        /** The next part of a prompt. */
        void feed(int[] tokens) {
            engine.step(new StepPlan(
                    List.of(new SequenceStep(new SlotRequest(id, tokens), Optional.empty(), Optional.of(sparsity)))));
            taken += tokens.length;
        }

        /** From now on single tokens are decoded. */
        void beginDecode() {
            sparsity.beginDecode();
        }

        /** This sequence's part of a step that the caller makes. */
        SequenceStep rows(int[] tokens, SamplerState sampler) {
            taken += tokens.length;
            return new SequenceStep(new SlotRequest(id, tokens), Optional.of(sampler), Optional.of(sparsity));
        }

        SparsityUsage usage() {
            return sparsity.usage();
        }

        @Override
        public void close() {
            sparsity.release();
            kv.release(id);
        }
    }

    /**
     * @param left tokens of the prompt that the caller feeds
     */
    Run start(Engine engine, Sparsity policy, int[] prompt, int left) {
        return new Run(engine, policy, prompt, left);
    }

    /** Computes a text and leaves it in the prefix cache, densely and with what the stage keeps of it. */
    void fill(Selector dense, int[] tokens) {
        start(engine(dense.stage()), Sparsity.DENSE, tokens, 0).close();
    }

    /** Decodes a window behind its context: the engine is given the window's tokens whatever it would draw. */
    SparsityUsage decode(Window window, Selector selector, int budget, Rows rows) {
        return decode(window, selector, budget, run -> () -> {}, rows);
    }

    /** The same behind a context that something is done to. */
    SparsityUsage decode(Window window, Selector selector, int budget, Change change, Rows rows) {
        selector.before().accept(window);
        Engine engine = engine(selector.stage());
        SamplerState greedy = new SamplerState(SamplingParams.GREEDY, 0, new int[0]);
        try (Run run = start(engine, selector.policy().apply(budget), window.context(), 0)) {
            Runnable undo = change.apply(run);
            run.beginDecode();
            for (int step = 0; step < window.forced().length; step++) {
                int[] token = {window.forced()[step]};
                engine.step(new StepPlan(List.of(run.rows(token, greedy))));
                rows.accept(step, tap.logits());
            }
            undo.run();
            return run.usage();
        }
    }

    /**
     * Takes in a window behind its context as a prompt, in chunks.
     *
     * @return log-probabilities [tokens of the window][vocabulary]
     */
    float[][] read(Window window, SelectionStage stage, Sparsity policy, int chunkTokens) {
        int[] forced = window.forced();
        float[][] rows = new float[forced.length][];
        try (Run run = start(engine(stage), policy, window.context(), 0)) {
            tap.keepAllRows(true);
            for (int begin = 0; begin < forced.length; begin += chunkTokens) {
                int end = Math.min(forced.length, begin + chunkTokens);
                run.feed(Arrays.copyOfRange(forced, begin, end));
                for (int at = begin; at < end; at++) {
                    rows[at] = Distribution.logSoftmax(row(tap.logits(), at - begin));
                }
            }
        } finally {
            tap.keepAllRows(false);
        }
        return rows;
    }

    /** Log-probability under the dense model of each token of {@code output} behind {@code prompt}, computed as a prompt. */
    double[] denseLogProbabilities(Selector dense, int[] prompt, int[] output) {
        int last = prompt.length - 1;
        int[] all = Arrays.copyOf(prompt, prompt.length + output.length);
        System.arraycopy(output, 0, all, prompt.length, output.length);
        double[] found = new double[output.length];
        // Only the prompt is looked up: known pages of an output may come from a sparse run.
        try (Run run = start(engine(dense.stage()), Sparsity.DENSE, prompt, 2)) {
            tap.keepAllRows(true);
            while (run.taken() < all.length - 1) {
                int begin = run.taken();
                run.feed(Arrays.copyOfRange(all, begin, Math.min(all.length - 1, begin + SCORED_CHUNK_TOKENS)));
                for (int at = Math.max(begin, last); at < run.taken(); at++) {
                    FloatBuffer row = row(tap.logits(), at - begin);
                    found[at - last] = Distribution.logSoftmax(row)[all[at + 1]];
                }
            }
        } finally {
            tap.keepAllRows(false);
        }
        return found;
    }

    private FloatBuffer row(FloatBuffer logits, int row) {
        return logits.slice(row * tap.vocabularySize(), tap.vocabularySize());
    }
}
