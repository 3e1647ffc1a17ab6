package dev.contexture.metrics;

import java.util.function.BooleanSupplier;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;

/**
 * What lies below the KV pool. Always up, as requests are served without it; says in a detail if an audit has switched it
 * off.
 */
public final class TierHealth implements HealthIndicator {
    private final BooleanSupplier breached;

    /**
     * @param breached whether an audit found stored blocks not to be what the model computes
     */
    public TierHealth(BooleanSupplier breached) {
        this.breached = breached;
    }

    @Override
    public Health health() {
        Health.Builder health = Health.up();
        if (breached.getAsBoolean()) {
            health.withDetail(
                    "audit",
                    "stored blocks differ from what the model computes: nothing is stored or loaded until the next start");
        }
        return health.build();
    }
}
