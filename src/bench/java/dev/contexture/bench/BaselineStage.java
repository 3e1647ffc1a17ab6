package dev.contexture.bench;

import dev.contexture.core.SelectionMatrix;
import dev.contexture.core.Sparsity;
import dev.contexture.engine.SelectionListener;
import dev.contexture.engine.SelectionStage;
import dev.contexture.engine.SequenceSparsity;
import dev.contexture.engine.StepPlan;
import dev.contexture.kv.KvCache;
import dev.contexture.kv.StepSlots;
import dev.contexture.nativelib.NativeKvPool;
import dev.contexture.selection.SelectionSettings;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.Supplier;

/** Selects without looking: what any selector must beat. For steps of one sequence, whose single rows are decode rows. */
final class BaselineStage implements SelectionStage {
    private final SelectionStage service;
    private final KvCache kv;
    private final NativeKvPool pool;
    private final int kvHeads;
    private final int[] groupOfLayer;
    private final Supplier<Choice> choices;
    private Choice choice;
    private Sparsity policy = Sparsity.DENSE;

    /** What lies between sinks and recent window. */
    private interface Choice {
        /** {@code count} positions of {@code [first, last)}, ascending. */
        int[] choose(int first, int last, int count);
    }

    private BaselineStage(EngineParts parts, Supplier<Choice> choices) {
        this.service = parts.stage(parts.retriever(), SelectionSettings.DEFAULT, SelectionListener.NONE);
        this.kv = parts.kv();
        this.pool = parts.pool();
        this.kvHeads = parts.config().kvHeads();
        this.groupOfLayer = new int[parts.config().layers()];
        this.choices = choices;
        this.choice = choices.get();
    }

    /** The budget's rest widens the recent window. */
    static BaselineStage sinkAndRecent(EngineParts parts) {
        return new BaselineStage(parts, () -> (first, last, count) -> {
            int[] positions = new int[count];
            Arrays.setAll(positions, i -> last - count + i);
            return positions;
        });
    }

    /** The budget's rest is drawn anew for each step and KV head; each sequence meets the same draws. */
    static BaselineStage random(EngineParts parts, long seed) {
        return new BaselineStage(parts, () -> {
            SplittableRandom random = new SplittableRandom(seed);
            return (first, last, count) -> {
                int[] positions = new int[count];
                int taken = 0;
                for (int position = first; taken < count; position++) { // selection sampling, Knuth's algorithm S
                    if (random.nextInt(last - position) < count - taken) {
                        positions[taken++] = position;
                    }
                }
                return positions;
            };
        });
    }

    @Override
    public SequenceSparsity begin(Sparsity asked) {
        policy = asked;
        choice = choices.get();
        return service.begin(asked);
    }

    @Override
    public void select(StepPlan plan, StepSlots slots) {
        if (slots.sequences() != 1) {
            throw new IllegalArgumentException("baselines decode one sequence, not " + slots.sequences());
        }
        int position = slots.contextLength(0);
        if (slots.queryLength(0) != 1 || !policy.applies(position + 1)) {
            return;
        }
        int budget = policy.budget();
        int[] positions = new int[kvHeads * budget];
        int firstRecent = position + 1 - policy.recent();
        int middle = budget - policy.sink() - policy.recent();
        for (int head = 0; head < kvHeads; head++) {
            int at = head * budget;
            for (int i = 0; i < policy.sink(); i++) {
                positions[at++] = i;
            }
            int[] chosen = choice.choose(policy.sink(), firstRecent, middle);
            System.arraycopy(chosen, 0, positions, at, middle);
            at += middle;
            for (int i = firstRecent; i <= position; i++) {
                positions[at++] = i;
            }
        }
        int[] counts = new int[kvHeads];
        Arrays.fill(counts, budget);
        float[] mass = new float[kvHeads];
        kv.becomeApproximate(plan.sequences().getFirst().tokens().sequenceId());
        pool.select(
                new SelectionMatrix(1, 1, kvHeads, budget, counts, positions, mass), new int[] {0}, groupOfLayer, 0);
    }

    /** As the service does it: others may go on from what is computed here. */
    @Override
    public void observe(StepPlan plan, StepSlots slots, FloatBuffer features) {
        service.observe(plan, slots, features);
    }
}
