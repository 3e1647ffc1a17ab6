package dev.contexture.kv.tier;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * A remote tier whose loads are timed, so that it can be said what the next will take. A load's time is set against all
 * bytes that came while it was under way, as these share one connection. Safe for use by several threads.
 */
public final class RemotePace implements RemoteTier {
    private static final double KEPT = 0.9;
    private static final int PROBE_VALUES = 64;
    private static final int PROBE_VALUE_BYTES = 8 << 10;
    /** Loads of one value and of all in turns: the first ones pay for what runtimes do lazily. */
    private static final int PROBE_LOADS = 10;

    private static final Duration PROBE_TIME_TO_LIVE = Duration.ofMinutes(1);

    private final RemoteTier remote;
    private final LongSupplier nanos;
    private final FadingLine line = new FadingLine(KEPT);
    private final AtomicLong arrivedBytes = new AtomicLong();

    /**
     * @param nanos a monotonic clock
     */
    public RemotePace(RemoteTier remote, LongSupplier nanos) {
        this.remote = remote;
        this.nanos = nanos;
    }

    /** Whether anything was loaded yet. */
    public boolean isMeasured() {
        return line.isMeasured();
    }

    /**
     * What it takes until so many bytes are here; {@link Long#MAX_VALUE} if the tier cannot be reached now.
     *
     * @throws IllegalStateException if nothing was loaded yet
     */
    public long loadNanos(long bytes) {
        return state() == State.UNAVAILABLE ? Long.MAX_VALUE : (long) line.at(bytes);
    }

    /** Stores and loads values that mean nothing, and waits for that, within the tier's own time limits. */
    public void probe(Scope scope) {
        List<Entry> entries = new ArrayList<>();
        for (int i = 0; i < PROBE_VALUES; i++) {
            entries.add(new Entry(new TierKey(scope, 0, i, BlockPart.INDEX), ByteBuffer.allocate(PROBE_VALUE_BYTES)));
        }
        store(entries, PROBE_TIME_TO_LIVE).toCompletableFuture().join();
        List<TierKey> keys = entries.stream().map(Entry::key).toList();
        for (int i = 0; i < PROBE_LOADS && state() == State.AVAILABLE; i++) {
            load(i % 2 == 0 ? keys : keys.subList(0, 1)).toCompletableFuture().join();
        }
    }

    @Override
    public State state() {
        return remote.state();
    }

    @Override
    public CompletionStage<List<Loaded>> load(List<TierKey> keys) {
        long begin = nanos.getAsLong();
        long before = arrivedBytes.get();
        return remote.load(keys).thenApply(answers -> {
            boolean reached = false;
            long bytes = 0;
            for (Loaded answer : answers) {
                reached |= !(answer instanceof Loaded.Unavailable);
                bytes += answer instanceof Loaded.Found found ? found.value().remaining() : 0;
            }
            long arrived = arrivedBytes.addAndGet(bytes) - before;
            long took = nanos.getAsLong() - begin;
            // One that failed says that the tier is away, not how quick it is when it is back.
            if (reached) {
                line.add(arrived, took);
            }
            return answers;
        });
    }

    @Override
    public CompletionStage<List<Stored>> store(List<Entry> entries, Duration timeToLive) {
        return remote.store(entries, timeToLive);
    }

    @Override
    public CompletionStage<List<Boolean>> touch(List<TierKey> keys, Duration timeToLive) {
        return remote.touch(keys, timeToLive);
    }

    @Override
    public CompletionStage<Boolean> remove(List<TierKey> keys) {
        return remote.remove(keys);
    }

    @Override
    public void close() {
        remote.close();
    }
}
