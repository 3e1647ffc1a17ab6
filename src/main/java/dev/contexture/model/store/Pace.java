package dev.contexture.model.store;

import java.time.Duration;

/** Time as the store sees it. */
public interface Pace {
    /** Monotonic. */
    long nanos();

    void sleep(Duration duration) throws InterruptedException;
}
