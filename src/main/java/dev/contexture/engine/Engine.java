package dev.contexture.engine;

import dev.contexture.kv.KvCache;
import dev.contexture.kv.StepReservation;
import dev.contexture.nativelib.NativeKvPool;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;

/** Runs steps: reserve, run, sample, commit; a step that fails leaves nothing behind. Used by one thread only. */
public final class Engine {
    private final KvCache kv;
    private final NativeKvPool pool;
    private final ModelRunner runner;
    private final Sampler sampler;

    /** Draws from all columns of the model's head. */
    public Engine(KvCache kv, NativeKvPool pool, ModelRunner runner) {
        this(kv, pool, runner, runner.vocabularySize());
    }

    /**
     * @param tokens ids below this are drawn, at most the model's vocabulary
     */
    public Engine(KvCache kv, NativeKvPool pool, ModelRunner runner, int tokens) {
        this.kv = kv;
        this.pool = pool;
        this.runner = runner;
        this.sampler = new Sampler(tokens);
    }

    /**
     * @return the next token of every sequence whose end was reached, in the plan's order
     * @throws ModelRunException if the model failed; the KV cache is as before the step
     */
    public List<SampledToken> step(StepPlan plan) {
        try (StepReservation reservation = kv.reserve(plan.slotRequests())) {
            pool.setStep(
                    reservation.queryLengths(),
                    reservation.contextLengths(),
                    reservation.pageOffsets(),
                    reservation.pages());
            FloatBuffer logits = runner.run(plan.tokenIds(), plan.logitRows());
            List<SampledToken> sampled = sample(plan, logits);
            reservation.commit();
            return sampled;
        }
    }

    private List<SampledToken> sample(StepPlan plan, FloatBuffer logits) {
        List<SampledToken> sampled = new ArrayList<>();
        for (StepPlan.SequenceStep sequence : plan.sequences()) {
            sequence.sampler().ifPresent(state -> {
                logits.position(sampled.size() * runner.vocabularySize());
                sampled.add(sampler.sample(sequence.tokens().sequenceId(), logits.slice(), state));
            });
        }
        return sampled;
    }
}
