package dev.contexture.metrics;

import dev.contexture.session.responses.ResponseListener;
import dev.contexture.session.responses.ResponseStatus;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;

/** Responses. */
public final class ResponseMetrics implements ResponseListener {
    private final Map<ResponseStatus, Counter> ends = new EnumMap<>(ResponseStatus.class);
    private final Map<NotStored, Counter> notStored = new EnumMap<>(NotStored.class);
    private final Counter left;
    private final Counter evicted;
    private final AtomicInteger running = new AtomicInteger();

    public ResponseMetrics(MeterRegistry registry) {
        for (ResponseStatus status : ResponseStatus.values()) {
            if (status != ResponseStatus.IN_PROGRESS) {
                ends.put(status, end(registry, name(status)));
            }
        }
        left = end(registry, "left");
        for (NotStored why : NotStored.values()) {
            notStored.put(
                    why,
                    Counter.builder("contexture.responses.not.stored")
                            .description("Responses that were given but not kept although that was asked for")
                            .tag("cause", name(why))
                            .register(registry));
        }
        evicted = Counter.builder("contexture.responses.evicted")
                .description("Responses that went before their time, as their tenant had too many")
                .register(registry);
        Gauge.builder("contexture.responses.running", running, AtomicInteger::get)
                .description("Responses that are being made")
                .register(registry);
    }

    private static Counter end(MeterRegistry registry, String end) {
        return Counter.builder("contexture.responses.ended")
                .description("Responses by what became of them")
                .tag("end", end)
                .register(registry);
    }

    private static String name(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    @Override
    public void began() {
        running.incrementAndGet();
    }

    @Override
    public void ended(ResponseStatus status) {
        running.decrementAndGet();
        Objects.requireNonNull(ends.get(status)).increment();
    }

    @Override
    public void left() {
        running.decrementAndGet();
        left.increment();
    }

    @Override
    public void notStored(NotStored why) {
        Objects.requireNonNull(notStored.get(why)).increment();
    }

    @Override
    public void evicted() {
        evicted.increment();
    }
}
