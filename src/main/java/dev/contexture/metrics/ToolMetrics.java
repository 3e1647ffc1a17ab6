package dev.contexture.metrics;

import dev.contexture.session.dialect.CallListener;
import dev.contexture.session.dialect.CallOutcome;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/** Calls of tools in answers. */
public final class ToolMetrics implements CallListener {
    private final Map<CallOutcome, Counter> outcomes = new EnumMap<>(CallOutcome.class);

    public ToolMetrics(MeterRegistry registry) {
        for (CallOutcome outcome : CallOutcome.values()) {
            outcomes.put(
                    outcome,
                    Counter.builder("contexture.tool.calls")
                            .description("What began like calls of tools in answers, by what became of it")
                            .tag("outcome", outcome.name().toLowerCase(Locale.ROOT))
                            .register(registry));
        }
    }

    @Override
    public void ended(CallOutcome outcome) {
        Objects.requireNonNull(outcomes.get(outcome)).increment();
    }
}
