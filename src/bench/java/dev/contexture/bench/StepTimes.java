package dev.contexture.bench;

import dev.contexture.core.Sparsity;
import dev.contexture.engine.ModelRunner;
import dev.contexture.engine.RowSampler;
import dev.contexture.engine.SelectionStage;
import dev.contexture.engine.SequenceSparsity;
import dev.contexture.engine.StepPlan;
import dev.contexture.kv.StepSlots;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;

/** Where the time of steps goes, told by the order in which an engine calls its parts. */
final class StepTimes {
    private static final double NANOS_PER_MILLISECOND = 1e6;

    private final List<Step> steps = new ArrayList<>();
    private long selecting;
    private long running;
    private long ran;
    private long observing;
    private long observed;

    /**
     * Milliseconds of one step.
     *
     * @param prepare slots are reserved and the native step is set
     * @param select scores and selection, before the model runs
     * @param run the model, with the copies to and from the device
     * @param sample the tokens are drawn
     * @param observe the retriever takes in what the run gave
     * @param commit the rest
     */
    record Step(double prepare, double select, double run, double sample, double observe, double commit) {
        double total() {
            return prepare + select + run + sample + observe + commit;
        }
    }

    /** Runs a step of an engine whose parts are {@link #timed}. */
    <T> T measure(Supplier<T> step) {
        long begin = System.nanoTime();
        T result = step.get();
        long end = System.nanoTime();
        steps.add(new Step(
                milliseconds(begin, selecting),
                milliseconds(selecting, running),
                milliseconds(running, ran),
                milliseconds(ran, observing),
                milliseconds(observing, observed),
                milliseconds(observed, end)));
        return result;
    }

    private static double milliseconds(long from, long to) {
        return (to - from) / NANOS_PER_MILLISECOND;
    }

    void clear() {
        steps.clear();
    }

    /** Means of the steps: of some of them the head makes the keys of many others. */
    Map<String, Object> row() {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("step_ms", mean(Step::total));
        row.put(
                "step_ms_median",
                Statistics.median(steps.stream().mapToDouble(Step::total).toArray()));
        row.put("prepare_ms", mean(Step::prepare));
        row.put("select_ms", mean(Step::select));
        row.put("run_ms", mean(Step::run));
        row.put("sample_ms", mean(Step::sample));
        row.put("observe_ms", mean(Step::observe));
        row.put("commit_ms", mean(Step::commit));
        return row;
    }

    double sum(ToDoubleFunction<Step> part) {
        return steps.stream().mapToDouble(part).sum();
    }

    double mean(ToDoubleFunction<Step> part) {
        return Statistics.mean(steps.stream().mapToDouble(part).toArray());
    }

    /** Does not own the runner. */
    ModelRunner timed(ModelRunner runner) {
        return new ModelRunner() {
            @Override
            public void run(int[] tokenIds, int[] logitRows) {
                running = System.nanoTime();
                runner.run(tokenIds, logitRows);
                ran = System.nanoTime();
            }

            @Override
            public FloatBuffer logits() {
                return runner.logits();
            }

            @Override
            public RowSampler sampler(int tokens) {
                return runner.sampler(tokens);
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
        };
    }

    SelectionStage timed(SelectionStage stage) {
        return new SelectionStage() {
            @Override
            public SequenceSparsity begin(Sparsity policy) {
                return stage.begin(policy);
            }

            @Override
            public void select(StepPlan plan, StepSlots slots) {
                selecting = System.nanoTime();
                stage.select(plan, slots);
            }

            @Override
            public void observe(StepPlan plan, StepSlots slots, FloatBuffer features) {
                observing = System.nanoTime();
                stage.observe(plan, slots, features);
                observed = System.nanoTime();
            }
        };
    }

    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "%7.2f ms: select %.2f, run %.2f, sample %.2f, observe %.2f, host %.2f",
                mean(Step::total),
                mean(Step::select),
                mean(Step::run),
                mean(Step::sample),
                mean(Step::observe),
                mean(step -> step.prepare + step.commit));
    }
}
