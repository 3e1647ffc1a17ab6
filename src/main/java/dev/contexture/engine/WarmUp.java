package dev.contexture.engine;

import dev.contexture.core.SamplingParams;
import dev.contexture.core.Sparsity;
import dev.contexture.core.SparsityMode;
import dev.contexture.kv.KvCache;
import dev.contexture.kv.SlotRequest;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;

/** A few steps before the first request, so that it does not pay for what runtimes do lazily. */
public final class WarmUp {
    private static final long SEQUENCE = 0;
    /** Of no tenant: what is left in the prefix cache serves nobody. */
    private static final String SALT = "warm-up";

    private static final int[] PROMPT = {0, 0, 0};
    /** Less than the prompt, so that its decode rows select where anything can. */
    private static final Sparsity SPARSE = new Sparsity(SparsityMode.AUTO, 2, 0, 1, 2);

    private WarmUp() {}

    /** A prefill step, a dense decode step and one that selects, where a head does. */
    public static void run(Engine engine, KvCache kv) {
        SequenceSparsity sparsity = engine.begin(SPARSE);
        kv.admit(SEQUENCE, PROMPT, SALT);
        step(engine, PROMPT, sparsity);
        step(engine, new int[] {0}, sparsity);
        sparsity.beginDecode();
        step(engine, new int[] {0}, sparsity);
        sparsity.release();
        kv.release(SEQUENCE);
    }

    /**
     * Computes a prompt that nobody asked for.
     *
     * @param nanos a monotonic clock
     * @return what it took
     */
    public static long timePrefill(Engine engine, KvCache kv, int tokens, LongSupplier nanos) {
        int[] prompt = new int[tokens];
        SequenceSparsity sparsity = engine.begin(Sparsity.DENSE);
        kv.admit(SEQUENCE, prompt, SALT);
        long begin = nanos.getAsLong();
        step(engine, prompt, sparsity);
        long took = nanos.getAsLong() - begin;
        sparsity.release();
        kv.release(SEQUENCE);
        return took;
    }

    private static void step(Engine engine, int[] tokens, SequenceSparsity sparsity) {
        SamplerState state = new SamplerState(SamplingParams.GREEDY, 0, PROMPT);
        engine.step(new StepPlan(List.of(new StepPlan.SequenceStep(
                new SlotRequest(SEQUENCE, tokens), Optional.of(state), Optional.of(sparsity)))));
    }
}
