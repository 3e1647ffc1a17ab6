package dev.contexture.metrics;

import dev.contexture.scheduler.SchedulerLoop;
import dev.contexture.scheduler.SchedulerStats;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;

/** Readiness: the model is loaded and one more request would be taken. */
public final class AdmissionHealth implements HealthIndicator {
    private final SchedulerLoop loop;

    public AdmissionHealth(SchedulerLoop loop) {
        this.loop = loop;
    }

    @Override
    public Health health() {
        SchedulerStats stats = loop.stats();
        Health.Builder health = loop.isDraining() || !loop.hasQueueRoom() ? Health.outOfService() : Health.up();
        return health.withDetail("running", stats.running())
                .withDetail("waiting", stats.queuedRequests())
                .withDetail("draining", loop.isDraining())
                .build();
    }
}
