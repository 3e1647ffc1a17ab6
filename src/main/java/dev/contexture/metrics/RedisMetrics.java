package dev.contexture.metrics;

import dev.contexture.kv.tier.redis.RedisListener;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Calls to Redis: how long they take, what went wrong, what they move. */
public final class RedisMetrics implements RedisListener {
    private static final Duration[] BUCKETS = {
        Duration.ofNanos(100_000),
        Duration.ofMillis(1),
        Duration.ofMillis(5),
        Duration.ofMillis(20),
        Duration.ofMillis(100),
        Duration.ofMillis(250),
        Duration.ofMillis(500),
        Duration.ofSeconds(1)
    };

    private final MeterRegistry registry;
    private final Map<Operation, Timer> times = new EnumMap<>(Operation.class);
    private final Map<Operation, Map<Failure, Counter>> failures = new EnumMap<>(Operation.class);
    private final Counter loadedBytes;
    private final Counter storedBytes;

    public RedisMetrics(MeterRegistry registry) {
        this.registry = registry;
        for (Operation operation : Operation.values()) {
            String name = operation.name().toLowerCase(Locale.ROOT);
            times.put(
                    operation,
                    Timer.builder("contexture.redis.command")
                            .description("Calls that Redis answered")
                            .serviceLevelObjectives(BUCKETS)
                            .tag("operation", name)
                            .register(registry));
            Map<Failure, Counter> byCause = new EnumMap<>(Failure.class);
            for (Failure failure : Failure.values()) {
                byCause.put(
                        failure,
                        Counter.builder("contexture.redis.errors")
                                .description("Calls that were not answered as they should be")
                                .tag("operation", name)
                                .tag("cause", failure.name().toLowerCase(Locale.ROOT))
                                .register(registry));
            }
            failures.put(operation, byCause);
        }
        loadedBytes = bytes("load");
        storedBytes = bytes("store");
    }

    private Counter bytes(String direction) {
        return Counter.builder("contexture.redis.bytes")
                .description("Bytes of stored blocks that were moved")
                .tag("direction", direction)
                .register(registry);
    }

    /**
     * @param available whether Redis can be asked now
     */
    public void bind(BooleanSupplier available) {
        Gauge.builder("contexture.redis.available", available, asked -> asked.getAsBoolean() ? 1 : 0)
                .strongReference(true)
                .description("1 while Redis can be asked; 0 while it is away, or the breaker keeps calls from it")
                .register(registry);
    }

    @Override
    public void answered(Operation operation, long nanos) {
        Objects.requireNonNull(times.get(operation)).record(nanos, TimeUnit.NANOSECONDS);
    }

    @Override
    public void failed(Operation operation, Failure failure) {
        Objects.requireNonNull(Objects.requireNonNull(failures.get(operation)).get(failure))
                .increment();
    }

    @Override
    public void moved(long loaded, long stored) {
        loadedBytes.increment(loaded);
        storedBytes.increment(stored);
    }
}
