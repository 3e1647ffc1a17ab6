package dev.contexture.config;

import dev.contexture.model.store.Pace;
import java.time.Duration;

/** The machine's own time. */
public final class SystemPace implements Pace {
    @Override
    public long nanos() {
        return System.nanoTime();
    }

    @Override
    public void sleep(Duration duration) throws InterruptedException {
        Thread.sleep(duration);
    }
}
