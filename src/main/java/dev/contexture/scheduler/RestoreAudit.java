package dev.contexture.scheduler;

import dev.contexture.core.Sparsity;
import dev.contexture.engine.Engine;
import dev.contexture.engine.ModelRunException;
import dev.contexture.engine.SequenceSparsity;
import dev.contexture.engine.StepPlan;
import dev.contexture.kv.BlockLocation;
import dev.contexture.kv.BlockSpan;
import dev.contexture.kv.KvCache;
import dev.contexture.kv.SlotRequest;
import dev.contexture.kv.tier.BlockNumbers;
import dev.contexture.kv.tier.BlockPart;
import dev.contexture.kv.tier.TierUse;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Computes a block again that came back from the tiers, now and then, and compares. Checksums and fingerprints tell whether a block is
 * what was stored; this tells whether what is stored is what the model computes, whatever went wrong on the way. Where it
 * is not, nothing is stored or loaded any more.
 *
 * <p>Runs when the loop has nothing else to do: a block and what is missing before it, as a prompt of nobody. Used by the loop's
 * thread only, but for {@link #isBreached}.
 */
public final class RestoreAudit {
    /** No sequence has this id. */
    private static final long SEQUENCE = -1;
    /** An audit that had to compute more, as the pool has forgotten what is before the block, is let go. */
    private static final int MOST_TOKENS = 256;

    private final Settings settings;
    private final BlockNumbers numbers;
    private final RandomGenerator random;
    private @Nullable Job next;
    private volatile boolean breached;

    /**
     * @param interval one of so many restores is audited; 0: none
     * @param bound largest difference of a part's stored numbers to the computed ones, root mean squares over each other
     */
    public record Settings(int interval, double bound) {
        public Settings {
            if (interval < 0 || !(bound > 0)) {
                throw new IllegalArgumentException(
                        "an audit has an interval of 0 or more and a bound above 0 but not " + interval + ", " + bound);
            }
        }
    }

    /**
     * @param tokens up to the block's end
     */
    @SuppressWarnings("ArrayRecordComponent")
    private record Job(int[] tokens, String cacheSalt, BlockSpan block, TierUse use) {}

    public RestoreAudit(Settings settings, BlockNumbers numbers, RandomGenerator random) {
        this.settings = settings;
        this.numbers = numbers;
        this.random = random;
    }

    /** Whether stored blocks were found not to be what the model computes. Safe for use by several threads. */
    public boolean isBreached() {
        return breached;
    }

    boolean hasWork() {
        return next != null;
    }

    /** Blocks came back that were computed by attending to everything: one of them may be audited. */
    void restored(BlockTraffic.RestoredSequence sequence, List<BlockSpan> blocks, TierUse use) {
        if (settings.interval == 0 || next != null || breached || random.nextInt(settings.interval) != 0) {
            return;
        }
        BlockSpan block = blocks.get(random.nextInt(blocks.size()));
        next = new Job(sequence.tokens(0, block.end()), sequence.cacheSalt(), block, use);
    }

    /** Makes the audit that is due. */
    void run(Engine engine, TrafficTools tools) {
        Job job = next;
        if (job == null) {
            return;
        }
        next = null;
        KvCache kv = tools.kv();
        int known = Math.min(job.block.begin() + Promotion.LEAST_ROWS, job.block.end());
        int begin = kv.admit(SEQUENCE, Arrays.copyOf(job.tokens, known), job.cacheSalt);
        try {
            int tokens = job.block.end() - begin;
            if (tokens > MOST_TOKENS || kv.missingPages(SEQUENCE, tokens) > kv.availablePages()) {
                tools.listener().auditDropped();
            } else {
                compute(engine, Arrays.copyOfRange(job.tokens, begin, job.block.end()));
                compare(job, tools);
            }
        } catch (ModelRunException e) {
            tools.listener().auditDropped();
        } finally {
            kv.release(SEQUENCE);
        }
    }

    private static void compute(Engine engine, int[] tokens) {
        SequenceSparsity sparsity = engine.begin(Sparsity.DENSE);
        try {
            engine.step(new StepPlan(List.of(new StepPlan.SequenceStep(
                    new SlotRequest(SEQUENCE, tokens), Optional.empty(), Optional.of(sparsity)))));
        } finally {
            sparsity.release();
        }
    }

    /** The stored numbers take the computed ones' place in the pool, which is nobody else's. */
    private void compare(Job job, TrafficTools tools) {
        BlockLocation place = tools.kv().place(SEQUENCE, job.block);
        double worst = 0;
        for (BlockPart.Rows part : tools.coder().rows()) {
            float[] computed = numbers.read(place, part);
            int bytes =
                    tools.decode(job.use.owner(), job.use.key(job.use.name(job.block.key(), true), part), place, part);
            if (bytes == 0) {
                tools.listener().auditDropped();
                return;
            }
            worst = Math.max(worst, difference(computed, numbers.read(place, part)));
        }
        // Not a number, too, is no match.
        breached = !(worst <= settings.bound);
        tools.listener().audited(worst, breached);
    }

    private static double difference(float[] computed, float[] stored) {
        double squares = 0;
        double differences = 0;
        for (int i = 0; i < computed.length; i++) {
            squares += (double) computed[i] * computed[i];
            double difference = (double) computed[i] - stored[i];
            differences += difference * difference;
        }
        return differences == 0 ? 0 : Math.sqrt(differences / squares);
    }
}
