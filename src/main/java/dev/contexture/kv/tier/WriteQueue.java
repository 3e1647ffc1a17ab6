package dev.contexture.kv.tier;

import dev.contexture.kv.tier.HostValue.Copy;
import dev.contexture.kv.tier.Message.WriteOutcome;
import dev.contexture.kv.tier.TierStats.WriteEvent;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.stream.Stream;

/**
 * Values of host memory that the remote tier does not hold yet. They stay in host memory until they are written or given up, so
 * what may wait is bounded in bytes; batches are copied out of it, sealed on another thread and sent from there.
 */
final class WriteQueue {
    private final WriteSettings settings;
    private final HostTier host;
    private final RemoteTier remote;
    private final RemoteWriter writer;
    private final Removals removals;
    private final Erasures erasures;
    private final Counters counters;
    private final Backoff backoff;
    private final LongSupplier nanos;
    private final ArrayDeque<HostValue> waiting = new ArrayDeque<>();
    private final Map<TierKey, HostValue> writing = new HashMap<>();
    private long unwrittenBytes;
    private int batchesUnderWay;

    /** Values that are written by one call. */
    record Batch(List<HostValue> values, long startedNanos) {
        List<TierKey> keys() {
            return values.stream().map(HostValue::key).toList();
        }
    }

    WriteQueue(
            WriteSettings settings,
            HostTier host,
            RemoteTier remote,
            RemoteWriter writer,
            Removals removals,
            Erasures erasures,
            Counters counters,
            LongSupplier nanos) {
        this.settings = settings;
        this.host = host;
        this.remote = remote;
        this.writer = writer;
        this.removals = removals;
        this.erasures = erasures;
        this.counters = counters;
        this.backoff = new Backoff(settings.retryDelay(), nanos);
        this.nanos = nanos;
    }

    long unwrittenBytes() {
        return unwrittenBytes;
    }

    long unwrittenBytesMost() {
        return settings.unwrittenBytesMost();
    }

    /** Values that wait or are being written, those among them that host memory has no more. */
    Stream<HostValue> unwritten() {
        return Stream.concat(waiting.stream(), writing.values().stream());
    }

    int unwrittenValues() {
        return waiting.size() + writing.size();
    }

    /** Whether a value may wait. If not, it is given up: host memory may keep it, the remote tier will not have it. */
    boolean hasRoom(long bytes) {
        if (unwrittenBytes + bytes > settings.unwrittenBytesMost()) {
            dropRemoved();
        }
        return unwrittenBytes + bytes <= settings.unwrittenBytesMost();
    }

    /** The value waits from now on. */
    void add(HostValue value) {
        value.writeAttempts = 0;
        value.waitingSinceNanos = nanos.getAsLong();
        unwrittenBytes += value.bytes;
        waiting.add(value);
    }

    private void dropRemoved() {
        waiting.removeIf(value -> {
            if (value.removed) {
                unwrittenBytes -= value.bytes;
            }
            return value.removed;
        });
    }

    /**
     * Sends as many batches as may be under way.
     *
     * @param hurry without a pause after failures, as there is no later
     */
    void pump(boolean hurry) {
        expire();
        while (batchesUnderWay < settings.batches()
                && !waiting.isEmpty()
                && remote.state() == RemoteTier.State.AVAILABLE
                && (hurry || backoff.isOver())) {
            Batch batch = nextBatch();
            if (batch.values.isEmpty()) {
                return;
            }
            batchesUnderWay++;
            erasures.began(batch.keys());
            writer.write(
                    batch,
                    batch.values.stream()
                            .map(value -> new RemoteWriter.Plain(value.name, host.checked(value)))
                            .toList());
        }
    }

    /** Values at the front have waited longest, but for those that are tried again. */
    private void expire() {
        long now = nanos.getAsLong();
        while (!waiting.isEmpty()) {
            HostValue value = waiting.getFirst();
            if (value.removed) {
                unwrittenBytes -= value.bytes;
            } else if (now - value.waitingSinceNanos > settings.giveUpAfter().toNanos()) {
                giveUp(value, WriteEvent.EXPIRED);
            } else {
                return;
            }
            waiting.removeFirst();
        }
    }

    private Batch nextBatch() {
        List<HostValue> values = new ArrayList<>();
        List<HostValue> later = new ArrayList<>();
        long bytes = 0;
        while (!waiting.isEmpty() && values.size() < settings.batchValues()) {
            HostValue value = waiting.getFirst();
            if (!values.isEmpty() && bytes + value.bytes > settings.batchBytes()) {
                break;
            }
            waiting.removeFirst();
            if (value.removed) {
                unwrittenBytes -= value.bytes;
            } else if (writing.containsKey(value.key()) || removals.isUnderWay(value.key())) {
                // Two calls for one key may come to pass in any order.
                later.add(value);
            } else {
                host.accounts().setCopy(value, Copy.WRITING);
                writing.put(value.key(), value);
                values.add(value);
                bytes += value.bytes;
            }
        }
        waiting.addAll(later);
        return new Batch(values, nanos.getAsLong());
    }

    void done(Message.Written message) {
        batchesUnderWay--;
        Batch batch = message.batch();
        long storedBytes = 0;
        int stored = 0;
        boolean failed = false;
        for (int i = 0; i < batch.values.size(); i++) {
            HostValue value = batch.values.get(i);
            writing.remove(value.key());
            WriteOutcome outcome = message.outcomes().get(i);
            if (outcome.equals(new WriteOutcome.Answered(RemoteTier.Stored.STORED))) {
                stored++;
                storedBytes += value.bytes + StoredHeader.OVERHEAD_BYTES;
            }
            failed |= outcome.equals(new WriteOutcome.Answered(RemoteTier.Stored.UNAVAILABLE));
            finish(value, outcome);
        }
        erasures.ended(batch.keys());
        counters.moved(TierStats.Direction.REMOTE_STORE, stored, storedBytes, nanos.getAsLong() - batch.startedNanos);
        if (failed) {
            backoff.failed();
        } else {
            backoff.succeeded();
        }
    }

    private void finish(HostValue value, WriteOutcome outcome) {
        if (value.removed) {
            unwrittenBytes -= value.bytes;
            // Erased while it was being written. It may be there even if the answer says that it is not.
            if (host.find(value.key()) == null) {
                removals.add(value.key());
            }
            return;
        }
        switch (outcome) {
            case WriteOutcome.Answered answered -> answered(value, answered.stored());
            case WriteOutcome.NotSealed refused -> notSealed(value, refused.reason());
        }
    }

    private void answered(HostValue value, RemoteTier.Stored stored) {
        switch (stored) {
            case STORED -> {
                unwrittenBytes -= value.bytes;
                host.accounts().setCopy(value, Copy.HELD);
                counters.wrote(WriteEvent.STORED);
            }
            case FULL -> giveUp(value, WriteEvent.FULL);
            case UNAVAILABLE -> again(value, WriteEvent.FAILED);
        }
    }

    private void notSealed(HostValue value, RefusalReason reason) {
        counters.refused(reason);
        if (reason == RefusalReason.SALT_UNAVAILABLE) {
            again(value, WriteEvent.NOT_SEALED);
            return;
        }
        giveUp(value, WriteEvent.NOT_SEALED);
        if (reason == RefusalReason.CHECKSUM) {
            host.remove(value);
        }
    }

    private void again(HostValue value, WriteEvent lastResort) {
        if (++value.writeAttempts >= settings.attempts()) {
            giveUp(value, lastResort);
        } else {
            counters.wrote(WriteEvent.RETRIED);
            host.accounts().setCopy(value, Copy.WAITING);
            waiting.add(value);
        }
    }

    private void giveUp(HostValue value, WriteEvent cause) {
        unwrittenBytes -= value.bytes;
        host.accounts().setCopy(value, Copy.GIVEN_UP);
        counters.wrote(cause);
    }

    /** Nothing will be written any more. */
    void giveUpAll() {
        while (!waiting.isEmpty()) {
            HostValue value = waiting.removeFirst();
            if (value.removed) {
                unwrittenBytes -= value.bytes;
            } else {
                giveUp(value, WriteEvent.EXPIRED);
            }
        }
    }
}
