package dev.contexture.metrics;

import dev.contexture.scheduler.SchedulerLoop;
import java.time.Duration;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;

/** Liveness: the step loop turns and its steps do not keep failing. */
public final class StepLoopHealth implements HealthIndicator {
    /** Far above the longest step of a large model on a small machine. */
    private static final Duration LONGEST_TURN = Duration.ofMinutes(5);

    private final SchedulerLoop loop;

    public StepLoopHealth(SchedulerLoop loop) {
        this.loop = loop;
    }

    @Override
    public Health health() {
        // A loop that was stopped on purpose is not sick.
        boolean well = !loop.hasFailed() && (loop.isDraining() || loop.isHealthy(LONGEST_TURN));
        return (well ? Health.up() : Health.down())
                .withDetail("steps", loop.stats().steps())
                .build();
    }
}
