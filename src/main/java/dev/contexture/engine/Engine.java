package dev.contexture.engine;

import dev.contexture.core.Sparsity;
import dev.contexture.kv.KvCache;
import dev.contexture.kv.StepReservation;
import dev.contexture.kv.StepSlots;
import dev.contexture.nativelib.NativeKvPool;
import java.util.List;

/** Runs steps: reserve, select, run, sample, commit; a step that fails leaves nothing behind. Used by one thread only. */
public final class Engine {
    private final KvCache kv;
    private final NativeKvPool pool;
    private final ModelRunner runner;
    private final SelectionStage selection;
    private final StepMemory memory;
    private final RowSampler sampler;

    /** Always dense; draws from all columns of the model's head. */
    public Engine(KvCache kv, NativeKvPool pool, ModelRunner runner) {
        this(kv, pool, runner, SelectionStage.DENSE, runner.vocabularySize());
    }

    /** With room that is what it is. */
    public Engine(KvCache kv, NativeKvPool pool, ModelRunner runner, SelectionStage selection, int tokens) {
        this(kv, pool, runner, selection, StepMemory.FIXED, tokens);
    }

    /**
     * @param tokens ids below this are drawn, at most the model's vocabulary
     */
    public Engine(
            KvCache kv,
            NativeKvPool pool,
            ModelRunner runner,
            SelectionStage selection,
            StepMemory memory,
            int tokens) {
        this.kv = kv;
        this.pool = pool;
        this.runner = runner;
        this.selection = selection;
        this.memory = memory;
        this.sampler = runner.sampler(tokens);
    }

    /** What a new sequence with this policy brings to its steps. */
    public SequenceSparsity begin(Sparsity policy) {
        return selection.begin(policy);
    }

    /**
     * @return the next token of every sequence whose end was reached, in the plan's order
     * @throws FailedConstraintException if a sequence cannot be held to its format; the KV cache is as before the step
     * @throws ModelRunException if the model failed; the KV cache is as before the step
     */
    public List<SampledToken> step(StepPlan plan) {
        memory.before(plan);
        try (StepReservation reservation = kv.reserve(plan.slotRequests())) {
            StepSlots slots = reservation.slots();
            int[] tokenIds = plan.tokenIds();
            pool.setStep(slots.queryLengths(), slots.contextLengths(), slots.pageOffsets(), slots.pages());
            selection.select(plan, slots);
            runner.run(tokenIds, plan.logitRows());
            List<SampledToken> sampled = sampler.sample(plan.sampledRows());
            selection.observe(plan, slots, runner.features());
            reservation.commit();
            memory.after();
            return sampled;
        }
    }
}
