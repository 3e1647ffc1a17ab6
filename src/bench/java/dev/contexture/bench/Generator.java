package dev.contexture.bench;

import dev.contexture.core.SamplingParams;
import dev.contexture.core.Sparsity;
import dev.contexture.core.SparsityUsage;
import dev.contexture.engine.Engine;
import dev.contexture.engine.SampledToken;
import dev.contexture.engine.SamplerState;
import dev.contexture.engine.SelectionStage;
import dev.contexture.engine.StepPlan;
import dev.contexture.engine.StepPlan.SequenceStep;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Outputs of one length behind one prompt, in several ways at once: a row each in every step. */
final class Generator {
    private static final float NEVER = -100f;
    /** Of the prompt, left to the first common step; the prefix cache leaves as many to compute. */
    private static final int LEFT_TOKENS = 2;

    private final SparseHarness harness;
    private final Engine engine;

    /** How one of the outputs is made. */
    record Way(Sparsity policy, SamplingParams sampling, long seed) {}

    @SuppressWarnings("ArrayRecordComponent")
    record Output(int[] tokens, SparsityUsage usage) {}

    Generator(SparseHarness harness, SelectionStage stage) {
        this.harness = harness;
        this.engine = harness.engine(stage);
    }

    /** Sampling that never ends the output early; greedy at temperature 0. */
    SamplingParams sampling(float temperature, float topP) {
        Map<Integer, Float> bias = harness.parts().tokenizer().endOfSequence().stream()
                .collect(Collectors.toMap(token -> token, token -> NEVER));
        return new SamplingParams(temperature, 0, topP, 0f, 1f, 0f, 0f, bias, null, false, 0);
    }

    List<Output> generate(int[] prompt, int count, List<Way> ways) {
        List<SparseHarness.Run> runs = new ArrayList<>();
        try {
            List<SamplerState> samplers = new ArrayList<>();
            List<SequenceStep> first = new ArrayList<>();
            for (Way way : ways) {
                SparseHarness.Run run = harness.start(engine, way.policy, prompt, LEFT_TOKENS);
                runs.add(run);
                samplers.add(new SamplerState(way.sampling, way.seed, prompt));
                first.add(run.rows(Arrays.copyOfRange(prompt, run.taken(), prompt.length), samplers.getLast()));
            }
            int[][] outputs = new int[ways.size()][count];
            List<SampledToken> drawn = engine.step(new StepPlan(first));
            runs.forEach(SparseHarness.Run::beginDecode);
            for (int i = 0; i < count; i++) {
                List<SequenceStep> rows = new ArrayList<>();
                for (int w = 0; w < outputs.length; w++) {
                    int token = drawn.get(w).tokenId();
                    outputs[w][i] = token;
                    samplers.get(w).accept(token);
                    rows.add(runs.get(w).rows(new int[] {token}, samplers.get(w)));
                }
                if (i + 1 < count) {
                    drawn = engine.step(new StepPlan(rows));
                }
            }
            List<Output> results = new ArrayList<>();
            for (int w = 0; w < outputs.length; w++) {
                results.add(new Output(outputs[w], runs.get(w).usage()));
            }
            return results;
        } finally {
            runs.forEach(SparseHarness.Run::close);
        }
    }
}
