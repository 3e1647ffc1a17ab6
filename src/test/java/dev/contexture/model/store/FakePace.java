package dev.contexture.model.store;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Time that passes only in sleeps. */
final class FakePace implements Pace {
    final List<Duration> sleeps = new ArrayList<>();
    private long nanos;

    @Override
    public long nanos() {
        return nanos;
    }

    @Override
    public void sleep(Duration duration) {
        sleeps.add(duration);
        nanos += duration.toNanos();
    }
}
