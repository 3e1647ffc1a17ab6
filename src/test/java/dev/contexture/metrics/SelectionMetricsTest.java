package dev.contexture.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.engine.SelectionListener.FallbackCause;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.junit.jupiter.api.Test;

/** What is heard of selections reaches the metric that is named after it. */
class SelectionMetricsTest {
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final SelectionMetrics metrics = new SelectionMetrics(registry, "model");

    @Test
    void rowsAndChunksAreCountedApart() {
        metrics.selected(3, 1, 2, 1_000_000);
        assertThat(count("contexture.sparse.rows")).isEqualTo(3);
        assertThat(count("contexture.sparse.rows.reused")).isEqualTo(1);
        assertThat(count("contexture.sparse.chunks")).isEqualTo(2);
    }

    @Test
    void stepsThatChooseInVainCountTheirTimeAndMass() {
        metrics.weighed(0.25);
        metrics.fellBack(FallbackCause.LOW_MASS);
        metrics.selected(0, 0, 0, 1_000_000);
        assertThat(count("contexture.sparse.rows")).isZero();
        assertThat(registry.get("contexture.retrieval.select").timer().count()).isEqualTo(1);
        assertThat(registry.get("contexture.selected.mass.ratio").summary().totalAmount())
                .isEqualTo(0.25);
        assertThat(registry.get("contexture.sparse.fallbacks")
                        .tag("cause", "low_mass")
                        .counter()
                        .count())
                .isEqualTo(1);
    }

    private double count(String name) {
        return registry.get(name).counter().count();
    }
}
