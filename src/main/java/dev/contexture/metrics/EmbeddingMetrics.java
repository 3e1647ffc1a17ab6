package dev.contexture.metrics;

import dev.contexture.session.embedding.EmbeddingListener;
import dev.contexture.session.embedding.EmbeddingLoad;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;

/** Embedding requests and the runs that they become. */
public final class EmbeddingMetrics implements EmbeddingListener {
    private static final String PREFIX = "contexture.embedding.";
    private static final Duration[] BUCKETS = Arrays.stream(
                    new long[] {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000, 120_000})
            .mapToObj(Duration::ofMillis)
            .toArray(Duration[]::new);
    private static final double[] INPUT_BUCKETS = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048};

    private final MeterRegistry registry;
    private final Tags tags;
    private final Map<Outcome, Counter> requests = new EnumMap<>(Outcome.class);
    private final Counter tokens;
    private final Counter computed;
    private final Timer requestTime;
    private final Timer queueTime;
    private final Timer runTime;
    private final DistributionSummary inputs;

    /**
     * @param modelName a label of every metric
     */
    public EmbeddingMetrics(MeterRegistry registry, String modelName) {
        this.registry = registry;
        this.tags = Tags.of("model_name", modelName);
        for (Outcome outcome : Outcome.values()) {
            requests.put(
                    outcome,
                    Counter.builder(PREFIX + "requests")
                            .description("Embedding requests by what became of them")
                            .tags(tags)
                            .tag("outcome", outcome.name().toLowerCase(Locale.ROOT))
                            .register(registry));
        }
        tokens = counter("tokens", "Tokens of requests that succeeded, special ones included");
        computed = counter("computed.tokens", "Tokens that went through the model, padding included");
        requestTime = timer("request.time", "From arrival to the last vector, of requests that succeeded");
        queueTime = timer("queue.time", "From arrival to a thread's taking it up");
        runTime = timer("run.time", "One run of the model over one batch");
        inputs = DistributionSummary.builder(PREFIX + "request.inputs")
                .description("Texts of requests that succeeded")
                .tags(tags)
                .serviceLevelObjectives(INPUT_BUCKETS)
                .register(registry);
    }

    /** Follows what the service says of itself. */
    public void bind(Supplier<EmbeddingLoad> load) {
        gauge("waiting.requests", "Requests that are computed or wait", load, EmbeddingLoad::requests);
        gauge("waiting.tokens", "Tokens of these", load, EmbeddingLoad::tokens);
    }

    @Override
    public void started(long queuedNanos) {
        queueTime.record(queuedNanos, TimeUnit.NANOSECONDS);
    }

    @Override
    public void ran(int texts, int paddedTokens, long nanos) {
        computed.increment(paddedTokens);
        runTime.record(nanos, TimeUnit.NANOSECONDS);
    }

    @Override
    public void ended(Outcome outcome, int texts, int promptTokens, long nanos) {
        Objects.requireNonNull(requests.get(outcome)).increment();
        if (outcome == Outcome.SUCCESS) {
            tokens.increment(promptTokens);
            inputs.record(texts);
            requestTime.record(nanos, TimeUnit.NANOSECONDS);
        }
    }

    private Counter counter(String name, String description) {
        return Counter.builder(PREFIX + name)
                .description(description)
                .tags(tags)
                .register(registry);
    }

    private Timer timer(String name, String description) {
        return Timer.builder(PREFIX + name)
                .description(description)
                .tags(tags)
                .serviceLevelObjectives(BUCKETS)
                .register(registry);
    }

    private void gauge(
            String name, String description, Supplier<EmbeddingLoad> load, ToDoubleFunction<EmbeddingLoad> value) {
        Gauge.builder(PREFIX + name, load, l -> value.applyAsDouble(l.get()))
                .description(description)
                .tags(tags)
                .strongReference(true)
                .register(registry);
    }
}
