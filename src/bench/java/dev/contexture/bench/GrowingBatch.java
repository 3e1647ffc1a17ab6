package dev.contexture.bench;

import dev.contexture.core.SamplingParams;
import dev.contexture.core.Sparsity;
import dev.contexture.engine.Engine;
import dev.contexture.engine.SampledToken;
import dev.contexture.engine.SamplerState;
import dev.contexture.engine.SequenceSparsity;
import dev.contexture.engine.StepPlan;
import dev.contexture.engine.StepPlan.SequenceStep;
import dev.contexture.kv.KvCache;
import dev.contexture.kv.SlotRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Sequences of one length, each of its own random tokens, that decode some steps and then take in a prompt up to the next length: their
 * memory is what it would be had all tokens been decoded.
 */
final class GrowingBatch implements AutoCloseable {
    private static final String SALT = "bench";

    private final KvCache kv;
    private final Engine dense;
    private final Engine sparse;
    private final Settings settings;
    private final int vocabulary;
    private final RandomNumbers random;
    private final List<Sequence> sequences = new ArrayList<>();
    private long drawn;
    private int length;

    /**
     * How sequences live.
     *
     * @param chunkTokens rows of a step that takes in prompts
     */
    record Settings(Sparsity policy, int chunkTokens, long seed) {}

    /**
     * What taking in prompts took.
     *
     * @param tokens of each sequence
     * @param observeSeconds of the seconds, the head's
     */
    record Growth(int tokens, double seconds, double observeSeconds) {
        static final Growth NONE = new Growth(0, 0, 0);

        Growth plus(Growth other) {
            return new Growth(tokens + other.tokens, seconds + other.seconds, observeSeconds + other.observeSeconds);
        }

        /**
         * Of a whole prompt, some of whose tokens were decoded instead. Without a head there is nothing to observe.
         *
         * @param length of the prompt
         */
        double seconds(int length, boolean sparse) {
            return (sparse ? seconds : seconds - observeSeconds) * length / tokens;
        }
    }

    private static final class Sequence {
        private final long id;
        private final SequenceSparsity sparsity;
        private int token;

        private Sequence(long id, SequenceSparsity sparsity) {
            this.id = id;
            this.sparsity = sparsity;
        }

        private SequenceStep step(int[] tokens, boolean samples, boolean selects) {
            return new SequenceStep(
                    new SlotRequest(id, tokens),
                    samples ? Optional.of(new SamplerState(SamplingParams.GREEDY, 0, tokens)) : Optional.empty(),
                    selects ? Optional.of(sparsity) : Optional.empty());
        }
    }

    /**
     * @param sparse takes in the prompts, too
     */
    GrowingBatch(DeviceParts parts, Settings settings, int count, Engine dense, Engine sparse) {
        this.kv = parts.kv();
        this.dense = dense;
        this.sparse = sparse;
        this.settings = settings;
        this.vocabulary = parts.config().vocabulary();
        this.random = new RandomNumbers(settings.seed, "tokens");
        for (int i = 0; i < count; i++) {
            Sequence sequence = new Sequence(i + 1, sparse.begin(settings.policy));
            kv.admit(sequence.id, new int[0], SALT);
            sequences.add(sequence);
        }
    }

    int length() {
        return length;
    }

    /** Takes in prompts, with what the head keeps of them. */
    Growth growTo(int target, StepTimes times) {
        int missing = target - length;
        if (missing < 2) {
            throw new IllegalArgumentException("sequences of " + length + " tokens cannot grow to " + target);
        }
        times.clear();
        sequences.forEach(sequence -> sequence.sparsity.restart());
        List<SequenceStep> step = new ArrayList<>();
        int rows = 0;
        for (Sequence sequence : sequences) {
            for (int taken = 0; taken < missing; ) {
                int count = Math.min(missing - taken, settings.chunkTokens - rows);
                boolean ends = taken + count == missing;
                // A chunk of one row is another kind of work: the row before waits for it.
                if (!ends && missing - taken - count == 1 && count > 1) {
                    count--;
                }
                step.add(sequence.step(tokens(count), false, true));
                taken += count;
                rows += count;
                if (rows >= settings.chunkTokens - 1) {
                    run(step, times);
                    rows = 0;
                }
            }
        }
        if (!step.isEmpty()) {
            run(step, times);
        }
        length = target;
        sequences.forEach(sequence -> sequence.token = tokens(1)[0]);
        double seconds = times.sum(StepTimes.Step::total) / 1e3;
        double observeSeconds = times.sum(StepTimes.Step::observe) / 1e3;
        times.clear();
        return new Growth(missing, seconds, observeSeconds);
    }

    private void run(List<SequenceStep> steps, StepTimes times) {
        StepPlan plan = new StepPlan(steps);
        times.measure(() -> sparse.step(plan));
        steps.clear();
    }

    private int[] tokens(int count) {
        int[] tokens = new int[count];
        for (int i = 0; i < count; i++) {
            tokens[i] = (int) Long.remainderUnsigned(random.bits(drawn++), vocabulary);
        }
        return tokens;
    }

    /** Whether the next steps of {@link #decode} can select. */
    boolean selectsNext() {
        return settings.policy.applies(length + 1);
    }

    /**
     * A row of each sequence per step, greedily. Sparse steps come before dense ones, which the head does not see.
     *
     * @param times hears of each step
     */
    void decode(boolean selects, int steps, StepTimes times) {
        if (selects) {
            sequences.forEach(sequence -> sequence.sparsity.beginDecode());
        }
        for (int step = 0; step < steps; step++) {
            StepPlan plan = new StepPlan(sequences.stream()
                    .map(sequence -> sequence.step(new int[] {sequence.token}, true, selects))
                    .toList());
            List<SampledToken> sampled = times.measure(() -> (selects ? sparse : dense).step(plan));
            for (int i = 0; i < sequences.size(); i++) {
                sequences.get(i).token = sampled.get(i).tokenId();
            }
            length++;
        }
    }

    /** Steps that were meant to select and attended to everything. */
    long fallbackSteps() {
        return sequences.stream()
                .mapToLong(sequence -> sequence.sparsity.usage().fallbackSteps())
                .sum();
    }

    @Override
    public void close() {
        for (Sequence sequence : sequences) {
            sequence.sparsity.release();
            kv.release(sequence.id);
        }
    }
}
