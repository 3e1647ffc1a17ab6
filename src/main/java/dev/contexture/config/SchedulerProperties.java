package dev.contexture.config;

import dev.contexture.scheduler.SchedulerConfig;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Bounds of the scheduler.
 *
 * @param maxStepTokens rows of one step: decode rows first, then prefill chunks
 * @param maxRunning sequences that take part in steps
 * @param maxQueuedRequests sequences that wait; one more is answered with 429
 * @param maxQueuedTokens prompt tokens that wait
 * @param drainTimeout how long running sequences may go on at shutdown
 */
@ConfigurationProperties("contexture.scheduler")
public record SchedulerProperties(
        @DefaultValue("512") int maxStepTokens,
        @DefaultValue("32") int maxRunning,
        @DefaultValue("64") int maxQueuedRequests,
        @DefaultValue("131072") long maxQueuedTokens,
        @DefaultValue("30s") Duration drainTimeout) {
    SchedulerConfig toConfig(int contextLength) {
        return new SchedulerConfig(maxStepTokens, maxRunning, maxQueuedRequests, maxQueuedTokens, contextLength);
    }
}
