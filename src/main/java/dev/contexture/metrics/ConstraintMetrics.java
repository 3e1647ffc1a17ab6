package dev.contexture.metrics;

import dev.contexture.constrain.ConstraintStats;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;

/** What holding outputs to formats takes. */
public final class ConstraintMetrics {
    private static final String PREFIX = "contexture.constraint.";
    private static final double NANOS = TimeUnit.SECONDS.toNanos(1);

    private ConstraintMetrics() {}

    /**
     * Follows what constraints say of themselves.
     *
     * @param modelName a label of every metric
     */
    public static void bind(MeterRegistry registry, String modelName, Supplier<ConstraintStats> stats) {
        Tags tags = Tags.of("model_name", modelName);
        count(registry, tags, "compiles", "Schemas that were compiled", stats, ConstraintStats::compiled);
        count(registry, tags, "reused", "Schemas that were known already", stats, ConstraintStats::reused);
        count(registry, tags, "refused", "Schemas that cannot be held", stats, ConstraintStats::refused);
        count(registry, tags, "masks", "Masks that steps asked for", stats, ConstraintStats::masks);
        count(
                registry,
                tags,
                "masks.failed",
                "Masks that were late or could not be found",
                stats,
                ConstraintStats::failed);
        count(registry, tags, "mask.seconds", "Time of threads that look for masks", stats, s -> s.workNanos() / NANOS);
        count(registry, tags, "wait.seconds", "Time that steps waited for masks", stats, s -> s.waitNanos() / NANOS);
        Gauge.builder(PREFIX + "kept.bytes", stats, s -> s.get().keptBytes())
                .description("Memory of compiled schemas and their masks, about")
                .tags(tags)
                .strongReference(true)
                .register(registry);
    }

    private static void count(
            MeterRegistry registry,
            Tags tags,
            String name,
            String description,
            Supplier<ConstraintStats> stats,
            ToDoubleFunction<ConstraintStats> value) {
        FunctionCounter.builder(PREFIX + name, stats, s -> value.applyAsDouble(s.get()))
                .description(description)
                .tags(tags)
                .register(registry);
    }
}
