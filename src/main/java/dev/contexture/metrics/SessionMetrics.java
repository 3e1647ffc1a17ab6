package dev.contexture.metrics;

import dev.contexture.session.TurnListener;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;

/** Turns of sessions. */
public final class SessionMetrics implements TurnListener {
    private final Map<TurnEnd, Counter> ends = new EnumMap<>(TurnEnd.class);
    private final AtomicInteger active = new AtomicInteger();

    public SessionMetrics(MeterRegistry registry) {
        for (TurnEnd end : TurnEnd.values()) {
            ends.put(
                    end,
                    Counter.builder("contexture.sessions.turns")
                            .description("Turns of sessions by what became of them")
                            .tag("end", end.name().toLowerCase(Locale.ROOT))
                            .register(registry));
        }
        Gauge.builder("contexture.sessions.active.turns", active, AtomicInteger::get)
                .description("Turns whose answers are being made")
                .register(registry);
    }

    @Override
    public void began() {
        active.incrementAndGet();
    }

    @Override
    public void ended(TurnEnd end) {
        Objects.requireNonNull(ends.get(end)).increment();
        if (end != TurnEnd.BUSY) {
            active.decrementAndGet();
        }
    }
}
