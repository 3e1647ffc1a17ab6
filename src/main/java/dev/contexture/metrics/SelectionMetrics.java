package dev.contexture.metrics;

import dev.contexture.engine.SelectionListener;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** How steps select what they attend to, as Prometheus metrics. */
public final class SelectionMetrics implements SelectionListener {
    private static final double[] MASS_BUCKETS = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 1};
    private static final double[] SECONDS_BUCKETS = {
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25
    };

    private final Counter sparseRows;
    private final Counter reusedRows;
    private final Counter sparseChunks;
    private final Timer selectTime;
    private final Timer observeTime;
    private final DistributionSummary mass;
    private final AtomicInteger hostLayers;
    private final Timer placeTime;
    private final Counter wantedRows;
    private final Counter loadedRows;
    private final Map<FallbackCause, Counter> fallbacks = new EnumMap<>(FallbackCause.class);

    /**
     * @param modelName a label of every metric
     */
    public SelectionMetrics(MeterRegistry registry, String modelName) {
        Tags tags = Tags.of("model_name", modelName);
        sparseRows = Counter.builder("contexture.sparse.rows")
                .description("Decode rows that attended to a selection")
                .tags(tags)
                .register(registry);
        reusedRows = Counter.builder("contexture.sparse.rows.reused")
                .description("Of these, rows whose selection was that of an earlier step")
                .tags(tags)
                .register(registry);
        sparseChunks = Counter.builder("contexture.sparse.chunks")
                .description("Chunks of prompts that attended to a selection of what is before them")
                .tags(tags)
                .register(registry);
        selectTime = timer(registry, tags, "contexture.retrieval.select", "Choosing what a step attends to");
        observeTime = timer(
                registry, tags, "contexture.retrieval.observe", "Keeping of a step what the next selections need");
        mass = DistributionSummary.builder("contexture.selected.mass.ratio")
                .description("Share of the retriever's own attention that a selection held, used or not")
                .serviceLevelObjectives(MASS_BUCKETS)
                .tags(tags)
                .register(registry);
        hostLayers = registry.gauge("contexture.host.layers", tags, new AtomicInteger());
        placeTime = timer(registry, tags, "contexture.layers.place", "Moving layers between device and host memory");
        wantedRows = Counter.builder("contexture.elastic.rows")
                .description("Keys and values that selections named in layers in host memory, by layer and KV head")
                .tags(tags)
                .register(registry);
        loadedRows = Counter.builder("contexture.elastic.rows.loaded")
                .description("Of these, those that were not on the device")
                .tags(tags)
                .register(registry);
        for (FallbackCause cause : FallbackCause.values()) {
            fallbacks.put(
                    cause,
                    Counter.builder("contexture.sparse.fallbacks")
                            .description("Decode rows that attended to everything although their context is long")
                            .tags(tags.and("cause", cause.name().toLowerCase(Locale.ROOT)))
                            .register(registry));
        }
    }

    private static Timer timer(MeterRegistry registry, Tags tags, String name, String description) {
        Duration[] buckets = new Duration[SECONDS_BUCKETS.length];
        for (int i = 0; i < buckets.length; i++) {
            buckets[i] = Duration.ofNanos((long) (SECONDS_BUCKETS[i] * 1e9));
        }
        return Timer.builder(name)
                .description(description)
                .serviceLevelObjectives(buckets)
                .tags(tags)
                .register(registry);
    }

    @Override
    public void selected(int rows, int reused, int chunks, long nanos) {
        sparseRows.increment(rows);
        reusedRows.increment(reused);
        sparseChunks.increment(chunks);
        selectTime.record(nanos, TimeUnit.NANOSECONDS);
    }

    @Override
    public void weighed(double selectedMass) {
        mass.record(selectedMass);
    }

    @Override
    public void fellBack(FallbackCause cause) {
        Counter counter = fallbacks.get(cause);
        if (counter != null) {
            counter.increment();
        }
    }

    @Override
    public void placed(int layers, long nanos) {
        hostLayers.set(layers);
        placeTime.record(nanos, TimeUnit.NANOSECONDS);
    }

    @Override
    public void loaded(long wanted, long missing) {
        wantedRows.increment(wanted);
        loadedRows.increment(missing);
    }

    @Override
    public void observed(int rows, long nanos) {
        observeTime.record(nanos, TimeUnit.NANOSECONDS);
    }
}
