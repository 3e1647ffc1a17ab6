package dev.contexture.config;

import dev.contexture.scheduler.SchedulerLoop;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.availability.AvailabilityChangeEvent;
import org.springframework.boot.availability.ReadinessState;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ApplicationContext;
import org.springframework.context.SmartLifecycle;

/**
 * Shutdown, before the web server's own: readiness goes off, new requests get 503, running ones may finish for a while, then
 * the rest is ended with an error in its stream.
 */
final class DrainLifecycle implements SmartLifecycle {
    private static final Logger LOG = LoggerFactory.getLogger(DrainLifecycle.class);

    private final ApplicationContext context;
    private final SchedulerLoop loop;
    private final Duration timeout;
    private volatile boolean running;

    DrainLifecycle(ApplicationContext context, SchedulerLoop loop, Duration timeout) {
        this.context = context;
        this.loop = loop;
        this.timeout = timeout;
    }

    @Override
    public void start() {
        running = true;
    }

    @Override
    public void stop() {
        running = false;
        AvailabilityChangeEvent.publish(context, ReadinessState.REFUSING_TRAFFIC);
        try {
            if (!loop.drain(timeout)) {
                LOG.warn("Requests still ran after {} s; they are ended now", timeout.toSeconds());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        loop.close();
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    /** A drained loop does not come back, so a context that merely pauses leaves it alone. */
    @Override
    public boolean isPauseable() {
        return false;
    }

    @Override
    public int getPhase() {
        return WebServerApplicationContext.GRACEFUL_SHUTDOWN_PHASE + 1;
    }
}
