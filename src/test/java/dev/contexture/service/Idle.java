package dev.contexture.service;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.scheduler.SchedulerLoop;
import dev.contexture.scheduler.SchedulerStats;
import java.time.Duration;
import java.time.Instant;

/** Waits for the engine to have nothing to do and checks its books. */
final class Idle {
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(30);

    private Idle() {}

    static void await(SchedulerLoop loop) throws InterruptedException {
        Instant deadline = Instant.now().plus(LONGEST_WAIT);
        while (!isIdle(loop.stats()) && Instant.now().isBefore(deadline)) {
            Thread.sleep(20);
        }
        SchedulerStats stats = loop.stats();
        assertThat(isIdle(stats)).as("idle: " + stats).isTrue();
        assertThat(stats.kv().freePages() + stats.kv().cachedPages())
                .as("every page is free or cached")
                .isEqualTo(stats.kv().totalPages());
    }

    private static boolean isIdle(SchedulerStats stats) {
        return stats.running() == 0
                && stats.queuedRequests() == 0
                && stats.queuedTokens() == 0
                && stats.kv().usedPages() == 0;
    }
}
