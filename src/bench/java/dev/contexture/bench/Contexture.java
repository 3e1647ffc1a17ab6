package dev.contexture.bench;

import dev.contexture.core.SamplingParams;
import dev.contexture.core.Sparsity;
import dev.contexture.engine.Engine;
import dev.contexture.engine.SampledToken;
import dev.contexture.engine.SamplerState;
import dev.contexture.engine.SelectionListener;
import dev.contexture.engine.SelectionStage;
import dev.contexture.engine.SequenceSparsity;
import dev.contexture.engine.StepPlan;
import dev.contexture.engine.StepPlan.SequenceStep;
import dev.contexture.kv.KvCache;
import dev.contexture.kv.SlotRequest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Our engine's own step, sampling included; the server around it is left out, as it is with the other engines. */
final class Contexture implements Contender {
    private static final int CHUNK_TOKENS = 512;
    private static final int FIRST_PLAIN_TOKEN = 100;

    private final String name;
    private final EngineParts parts;
    private final KvCache kv;
    private final Engine engine;
    private final Sparsity policy;
    private final Prompts prompts;
    private final SelectionClock clock;
    private long nextSequence = 1;
    private double selectionSeconds;

    /** What sequences are filled with. */
    interface Prompts {
        /** The first tokens of a sequence. */
        int[] tokens(int sequence, int count);
    }

    private Contexture(
            String name,
            EngineParts parts,
            SelectionStage stage,
            Sparsity policy,
            Prompts prompts,
            SelectionClock clock) {
        this.name = name;
        this.parts = parts;
        this.kv = parts.kv();
        this.engine = new Engine(
                kv, parts.pool(), parts.runner(), stage, parts.tokenizer().vocabularySize());
        this.policy = policy;
        this.prompts = prompts;
        this.clock = clock;
    }

    /** Attends to everything. Owns the parts. */
    static Contexture dense(String name, EngineParts parts, Prompts prompts) {
        return new Contexture(name, parts, SelectionStage.DENSE, Sparsity.DENSE, prompts, new SelectionClock());
    }

    /** Selects by the parts' retriever. Owns the parts. */
    static Contexture sparse(String name, EngineParts parts, Sparsity policy, Prompts prompts) {
        SelectionClock clock = new SelectionClock();
        SelectionStage stage = parts.stage(parts.retriever(), parts.selectionSettings(), clock);
        return new Contexture(name, parts, stage, policy, prompts, clock);
    }

    /** Tokens without meaning, the same in every run: the cost of a dense step does not depend on them. */
    static Prompts meaningless(int vocabulary) {
        return (sequence, count) -> {
            int[] tokens = new int[count];
            Arrays.setAll(
                    tokens, i -> FIRST_PLAIN_TOKEN + (int) ((sequence + i) * 7919L % (vocabulary - FIRST_PLAIN_TOKEN)));
            return tokens;
        };
    }

    /** Adds up what selecting and taking in cost. */
    private static final class SelectionClock implements SelectionListener {
        private long nanos;

        @Override
        public void selected(int rows, int reusedRows, int chunks, long spent) {
            nanos += spent;
        }

        @Override
        public void weighed(double mass) {}

        @Override
        public void fellBack(FallbackCause cause) {}

        @Override
        public void observed(int rows, long spent) {
            nanos += spent;
        }
    }

    @Override
    public String name() {
        return name;
    }

    /** Of the last {@link #decodeSeconds}, what was spent on selecting, the head's query and keys included. */
    double selectionSeconds() {
        return selectionSeconds;
    }

    @Override
    public double prefillSeconds(int tokens) {
        int[] prompt = prompts.tokens(0, tokens);
        long id = nextSequence++;
        kv.admit(id, prompt, "unshared " + id);
        long begin = System.nanoTime();
        SequenceSparsity state = engine.begin(policy);
        prefill(id, prompt, 0, state);
        double seconds = (System.nanoTime() - begin) / 1e9;
        state.release();
        kv.release(id);
        return seconds;
    }

    /** Contexts are computed once and found in the prefix cache by later calls. */
    @Override
    public double decodeSeconds(int sequences, int context, int steps) {
        List<Long> ids = new ArrayList<>();
        List<SequenceSparsity> states = new ArrayList<>();
        for (int s = 0; s < sequences; s++) {
            int[] prompt = prompts.tokens(s, context);
            long id = nextSequence++;
            SequenceSparsity state = engine.begin(policy);
            prefill(id, prompt, kv.admit(id, prompt, "shared"), state);
            state.beginDecode();
            ids.add(id);
            states.add(state);
        }
        SamplerState greedy = new SamplerState(SamplingParams.GREEDY, 0, new int[0]);
        int[] last = new int[sequences];
        Arrays.fill(last, FIRST_PLAIN_TOKEN);
        clock.nanos = 0;
        long begin = System.nanoTime();
        for (int step = 0; step < steps; step++) {
            List<SequenceStep> rows = new ArrayList<>();
            for (int s = 0; s < sequences; s++) {
                rows.add(new SequenceStep(
                        new SlotRequest(ids.get(s), new int[] {last[s]}),
                        Optional.of(greedy),
                        Optional.of(states.get(s))));
            }
            List<SampledToken> sampled = engine.step(new StepPlan(rows));
            for (int s = 0; s < sequences; s++) {
                last[s] = sampled.get(s).tokenId();
            }
        }
        double seconds = (System.nanoTime() - begin) / 1e9;
        selectionSeconds = clock.nanos / 1e9;
        states.forEach(SequenceSparsity::release);
        ids.forEach(kv::release);
        return seconds;
    }

    private void prefill(long id, int[] prompt, int known, SequenceSparsity state) {
        SamplerState greedy = new SamplerState(SamplingParams.GREEDY, 0, new int[0]);
        for (int begin = known; begin < prompt.length; begin += CHUNK_TOKENS) {
            int end = Math.min(prompt.length, begin + CHUNK_TOKENS);
            engine.step(new StepPlan(List.of(new SequenceStep(
                    new SlotRequest(id, Arrays.copyOfRange(prompt, begin, end)),
                    end == prompt.length ? Optional.of(greedy) : Optional.empty(),
                    Optional.of(state)))));
        }
    }

    @Override
    public void close() {
        parts.close();
    }
}
