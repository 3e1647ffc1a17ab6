package dev.contexture.config;

import dev.contexture.session.embedding.DefaultEmbeddingService;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.SmartLifecycle;

/** At shutdown new embedding requests get 503; the web server waits for those that run. */
final class EmbeddingDrain implements SmartLifecycle {
    private final DefaultEmbeddingService service;
    private volatile boolean running;

    EmbeddingDrain(DefaultEmbeddingService service) {
        this.service = service;
    }

    @Override
    public void start() {
        running = true;
    }

    @Override
    public void stop() {
        running = false;
        service.refuseMore();
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    /** What refuses does not come back, so a context that merely pauses leaves it alone. */
    @Override
    public boolean isPauseable() {
        return false;
    }

    /** Before the step loop's drain, which may take its time. */
    @Override
    public int getPhase() {
        return WebServerApplicationContext.GRACEFUL_SHUTDOWN_PHASE + 2;
    }
}
