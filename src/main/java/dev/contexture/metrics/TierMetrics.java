package dev.contexture.metrics;

import dev.contexture.kv.tier.RefusalReason;
import dev.contexture.kv.tier.TierLookup;
import dev.contexture.kv.tier.TierStats;
import dev.contexture.scheduler.RestoreReport;
import dev.contexture.scheduler.TrafficListener;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;

/** Blocks on their way between the KV pool and the tiers below it, and what lies there. */
public final class TierMetrics implements TrafficListener {
    private static final double[] SECONDS_BUCKETS = {
        0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10
    };

    private static final double[] DIFFERENCE_BUCKETS = {0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.5, 1};

    private final MeterRegistry registry;
    private final Tags tags;
    private final Counter restoredTokens;
    private final Counter restoredBytes;
    private final Counter storedBlocks;
    private final Counter storedBytes;
    private final Counter goneBlocks;
    private final Counter broughtParts;
    private final Counter broughtBytes;
    private final Counter breaches;
    private final Counter droppedAudits;
    private final DistributionSummary auditDifferences;
    private final Timer restoreTime;
    private final Timer storeTime;
    private final Timer bringTime;
    private final Timer loadEstimates;
    private final Timer computeEstimates;
    private final Map<RestoreReport.Choice, Counter> choices = new EnumMap<>(RestoreReport.Choice.class);
    private final Map<RestoreEnd, Counter> ends = new EnumMap<>(RestoreEnd.class);

    /**
     * @param modelName a label of every metric
     */
    public TierMetrics(MeterRegistry registry, String modelName) {
        this.registry = registry;
        this.tags = Tags.of("model_name", modelName);
        restoredTokens = counter("kv.restored.tokens", "Prompt tokens whose blocks came back from other tiers");
        restoredBytes = counter("kv.restored.bytes", "Stored bytes of these blocks, where they came back at once");
        storedBlocks = counter("kv.stored.blocks", "Blocks that left the KV pool for the tiers below");
        storedBytes = counter("kv.stored.bytes", "Their stored bytes, but for what was stored already");
        goneBlocks = counter("kv.gone.blocks", "Blocks that were not stored before the KV pool needed their pages");
        broughtParts = counter("kv.brought.parts", "Parts of blocks that came back when a step selected them");
        broughtBytes = counter("kv.brought.bytes", "Their stored bytes");
        restoreTime = timer("kv.restore.time", "From admission until a sequence's blocks are back or given up");
        storeTime = timer("kv.store.time", "Handing blocks to the tiers below, in one turn");
        bringTime = timer("kv.bring.time", "What a step waits for the blocks that it selected");
        breaches = counter("kv.audit.breaches", "Audits that found stored blocks not to be what the model computes");
        droppedAudits = counter("kv.audit.dropped", "Audits that could not be made");
        auditDifferences = DistributionSummary.builder("contexture.kv.audit.difference.ratio")
                .description("Difference of a stored block to the same computed again, relative")
                .serviceLevelObjectives(DIFFERENCE_BUCKETS)
                .tags(tags)
                .register(registry);
        loadEstimates =
                timer("kv.restore.load.estimate", "What loading a prompt's stored blocks was estimated to take");
        computeEstimates = timer("kv.restore.compute.estimate", "What computing them was estimated to take");
        for (RestoreReport.Choice choice : RestoreReport.Choice.values()) {
            choices.put(
                    choice,
                    Counter.builder("contexture.kv.restore.choices")
                            .description("How the missing blocks of prompts were decided to come to the pool")
                            .tags(tags.and("choice", choice.name().toLowerCase(Locale.ROOT)))
                            .register(registry));
        }
        for (RestoreEnd end : RestoreEnd.values()) {
            ends.put(
                    end,
                    Counter.builder("contexture.kv.restores")
                            .description("Sequences for which blocks were looked for in other tiers")
                            .tags(tags.and("end", end.name().toLowerCase(Locale.ROOT)))
                            .register(registry));
        }
    }

    private Counter counter(String name, String description) {
        return Counter.builder("contexture." + name)
                .description(description)
                .tags(tags)
                .register(registry);
    }

    private Timer timer(String name, String description) {
        Duration[] buckets = new Duration[SECONDS_BUCKETS.length];
        for (int i = 0; i < buckets.length; i++) {
            buckets[i] = Duration.ofNanos((long) (SECONDS_BUCKETS[i] * 1e9));
        }
        return Timer.builder("contexture." + name)
                .description(description)
                .serviceLevelObjectives(buckets)
                .tags(tags)
                .register(registry);
    }

    /** Follows what the tiers say of themselves; the last reading counts. */
    public void bind(Supplier<TierStats> stats) {
        Tags host = tags.and("tier", "host");
        gauge(
                "kv.tier.limit.bytes",
                "Memory of a tier",
                host,
                stats,
                s -> s.host().limitBytes());
        gauge(
                "kv.tier.used.bytes",
                "Of this, in use",
                host,
                stats,
                s -> s.host().occupiedBytes());
        gauge(
                "kv.tier.values",
                "Parts of blocks in a tier",
                host,
                stats,
                s -> s.host().values());
        count(
                "kv.tier.evictions",
                "Values that a tier had no room for",
                host,
                stats,
                s -> s.host().demotedValues() + s.host().evictedLostValues());
        count(
                "kv.tier.full",
                "Values that were not taken, as nothing could go for them",
                host,
                stats,
                TierStats::putWithoutRoom);
        gauge(
                "kv.unwritten.values",
                "Values in host memory that wait to be written to what outlives the process",
                tags,
                stats,
                s -> s.queues().unwrittenValues());
        gauge("kv.unwritten.bytes", "Their bytes", tags, stats, s -> s.queues().unwrittenBytes());
        gauge(
                "kv.lost.values",
                "Values that could not be written and are remembered",
                tags,
                stats,
                s -> s.queues().lostValues());
        for (TierLookup lookup : TierLookup.values()) {
            count(
                    "kv.tier.lookups",
                    "Values that were looked for",
                    host.and("found", lookup.name().toLowerCase(Locale.ROOT)),
                    stats,
                    s -> s.lookups().getOrDefault(lookup, 0L));
        }
        for (RefusalReason reason : RefusalReason.values()) {
            count(
                    "kv.rejected",
                    "Stored values that were not used, and computed again",
                    tags.and("reason", reason.name().toLowerCase(Locale.ROOT)),
                    stats,
                    s -> s.refusals().getOrDefault(reason, 0L));
        }
    }

    private void gauge(
            String name, String description, Tags all, Supplier<TierStats> stats, ToDoubleFunction<TierStats> value) {
        Gauge.builder("contexture." + name, () -> value.applyAsDouble(stats.get()))
                .description(description)
                .tags(all)
                .register(registry);
    }

    private void count(
            String name, String description, Tags all, Supplier<TierStats> stats, ToDoubleFunction<TierStats> value) {
        FunctionCounter.builder("contexture." + name, stats, s -> value.applyAsDouble(s.get()))
                .description(description)
                .tags(all)
                .register(registry);
    }

    @Override
    public void planned(RestoreReport plan) {
        Objects.requireNonNull(choices.get(plan.choice())).increment();
        if (plan.loadNanos() < Long.MAX_VALUE) {
            loadEstimates.record(plan.loadNanos(), TimeUnit.NANOSECONDS);
        }
        if (plan.computeNanos() < Long.MAX_VALUE) {
            computeEstimates.record(plan.computeNanos(), TimeUnit.NANOSECONDS);
        }
    }

    @Override
    public void restored(int tokens, long bytes, long nanos, RestoreEnd end) {
        restoredTokens.increment(tokens);
        restoredBytes.increment(bytes);
        restoreTime.record(nanos, TimeUnit.NANOSECONDS);
        Counter counter = ends.get(end);
        if (counter != null) {
            counter.increment();
        }
    }

    @Override
    public void audited(double difference, boolean breached) {
        auditDifferences.record(difference);
        if (breached) {
            breaches.increment();
        }
    }

    @Override
    public void auditDropped() {
        droppedAudits.increment();
    }

    @Override
    public void stored(int blocks, long bytes, long nanos) {
        storedBlocks.increment(blocks);
        storedBytes.increment(bytes);
        storeTime.record(nanos, TimeUnit.NANOSECONDS);
    }

    @Override
    public void gone(int blocks) {
        goneBlocks.increment(blocks);
    }

    @Override
    public void brought(int parts, long bytes, long nanos) {
        broughtParts.increment(parts);
        broughtBytes.increment(bytes);
        bringTime.record(nanos, TimeUnit.NANOSECONDS);
    }
}
