package dev.contexture.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.contexture.constrain.ConstraintSpec;
import dev.contexture.constrain.Constraints;
import dev.contexture.constrain.TokenConstraint;
import dev.contexture.testing.ByteTokens;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** What constraints count reaches the metric that is named after it. */
class ConstraintMetricsTest {
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final AtomicLong now = new AtomicLong();

    @Test
    void allIsExported() {
        Constraints constraints = new Constraints(new ByteTokens(), Runnable::run, () -> now.getAndAdd(1_000_000_000));
        ConstraintMetrics.bind(registry, "model", constraints::stats);
        ConstraintSpec spec = new ConstraintSpec.Schema("{\"const\":1}");
        constraints.compile(spec);
        TokenConstraint text = constraints.compile(spec).begin();
        assertThat(text.mask().allows('1')).isTrue();
        assertThatThrownBy(() -> constraints.compile(new ConstraintSpec.Schema("{\"not\":{}}")))
                .hasMessageContaining("#/not");
        text.accept('2');
        assertThatThrownBy(text::mask).hasMessageContaining("not allowed");
        assertThat(count("compiles")).isEqualTo(1);
        assertThat(count("reused")).isEqualTo(1);
        assertThat(count("refused")).isEqualTo(1);
        assertThat(count("masks")).isEqualTo(2);
        assertThat(count("masks.failed")).isEqualTo(1);
        assertThat(count("mask.seconds")).isEqualTo(2);
        assertThat(count("wait.seconds")).isBetween(2d, 4d);
        assertThat(registry.get("contexture.constraint.kept.bytes").gauge().value())
                .isPositive();
    }

    private double count(String name) {
        return registry.get("contexture.constraint." + name).functionCounter().count();
    }
}
