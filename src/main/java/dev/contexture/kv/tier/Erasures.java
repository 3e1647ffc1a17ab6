package dev.contexture.kv.tier;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;

/**
 * Tenants whose salt is being erased. That begins when nothing of theirs is being sealed or opened any more, as sealing would
 * make a new salt for old data and both would remember the old key.
 */
final class Erasures {
    private final BlockSealer sealer;
    private final Executor executor;
    private final Consumer<Message> inbox;
    /** Values of each tenant that are being sealed, sent, fetched or opened. */
    private final Map<String, Integer> busy = new HashMap<>();

    private final Map<String, CompletableFuture<Boolean>> erasing = new HashMap<>();

    Erasures(BlockSealer sealer, Executor executor, Consumer<Message> inbox) {
        this.sealer = sealer;
        this.executor = executor;
        this.inbox = inbox;
    }

    boolean isErasing(String namespace) {
        return erasing.containsKey(namespace);
    }

    CompletableFuture<Boolean> erase(String namespace) {
        CompletableFuture<Boolean> before = erasing.get(namespace);
        if (before != null) {
            return before;
        }
        CompletableFuture<Boolean> erased = new CompletableFuture<>();
        erasing.put(namespace, erased);
        beginIfIdle(namespace);
        return erased;
    }

    void began(Collection<TierKey> keys) {
        keys.forEach(key -> busy.merge(key.scope().namespace(), 1, Integer::sum));
    }

    void ended(Collection<TierKey> keys) {
        for (TierKey key : keys) {
            String namespace = key.scope().namespace();
            Integer left = busy.computeIfPresent(namespace, (name, count) -> count == 1 ? null : count - 1);
            if (left == null && isErasing(namespace)) {
                beginIfIdle(namespace);
            }
        }
    }

    private void beginIfIdle(String namespace) {
        if (busy.containsKey(namespace)) {
            return;
        }
        try {
            executor.execute(() -> inbox.accept(new Message.SaltErased(namespace, eraseSalt(namespace))));
        } catch (RejectedExecutionException e) {
            inbox.accept(new Message.SaltErased(namespace, false));
        }
    }

    private boolean eraseSalt(String namespace) {
        try {
            return sealer.erase(namespace);
        } catch (RuntimeException e) {
            return false;
        }
    }

    void done(Message.SaltErased message) {
        CompletableFuture<Boolean> erased = erasing.remove(message.namespace());
        if (erased != null) {
            erased.complete(message.done());
        }
    }
}
