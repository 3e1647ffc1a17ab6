package dev.contexture.kv.tier;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** Values that the remote tier is to remove. One that is put again before it was asked stays. */
final class Removals {
    private static final int WAITING_MOST = 200_000;
    private static final int BATCH_KEYS = 512;
    private static final int ATTEMPTS = 5;
    /** Attempts of one that is not to be tried again. */
    private static final int CANCELLED = Integer.MAX_VALUE;

    private final RemoteTier remote;
    private final Consumer<Message> inbox;
    private final Counters counters;
    private final Backoff backoff;
    /** With the attempts made. */
    private final Map<TierKey, Integer> waiting = new LinkedHashMap<>();

    private final Map<TierKey, Integer> underWay = new HashMap<>();

    Removals(RemoteTier remote, Consumer<Message> inbox, Counters counters, Backoff backoff) {
        this.remote = remote;
        this.inbox = inbox;
        this.counters = counters;
        this.backoff = backoff;
    }

    int size() {
        return waiting.size() + underWay.size();
    }

    boolean isPending(TierKey key) {
        return waiting.containsKey(key) || underWay.containsKey(key);
    }

    boolean isUnderWay(TierKey key) {
        return underWay.containsKey(key);
    }

    void add(TierKey key) {
        if (waiting.size() >= WAITING_MOST) {
            counters.removed(TierStats.RemovalEvent.GIVEN_UP, 1);
        } else {
            waiting.putIfAbsent(key, 0);
        }
    }

    void cancel(TierKey key) {
        waiting.remove(key);
        underWay.replace(key, CANCELLED);
    }

    /** Asks for the next batch; one is under way at a time. */
    void pump() {
        if (waiting.isEmpty()
                || !underWay.isEmpty()
                || !backoff.isOver()
                || remote.state() == RemoteTier.State.UNAVAILABLE) {
            return;
        }
        List<TierKey> keys = new ArrayList<>();
        Iterator<Map.Entry<TierKey, Integer>> entries = waiting.entrySet().iterator();
        while (entries.hasNext() && keys.size() < BATCH_KEYS) {
            Map.Entry<TierKey, Integer> entry = entries.next();
            keys.add(entry.getKey());
            underWay.put(entry.getKey(), entry.getValue() + 1);
            entries.remove();
        }
        remote.remove(keys)
                .whenComplete(
                        (done, error) -> inbox.accept(new Message.Removed(error == null && Boolean.TRUE.equals(done))));
    }

    void done(Message.Removed message) {
        if (message.done()) {
            backoff.succeeded();
            counters.removed(TierStats.RemovalEvent.REMOVED, underWay.size());
        } else {
            backoff.failed();
            underWay.forEach(this::again);
        }
        underWay.clear();
    }

    private void again(TierKey key, int attempts) {
        if (attempts == CANCELLED) {
            return;
        }
        if (attempts >= ATTEMPTS) {
            counters.removed(TierStats.RemovalEvent.GIVEN_UP, 1);
        } else {
            counters.removed(TierStats.RemovalEvent.RETRIED, 1);
            waiting.putIfAbsent(key, attempts);
        }
    }
}
