package dev.contexture.kv.tier;

import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** For a process that keeps nothing beyond its own end: there is never anything here. */
public final class NoRemoteTier implements RemoteTier {
    @Override
    public State state() {
        return State.AVAILABLE;
    }

    @Override
    public CompletionStage<List<Loaded>> load(List<TierKey> keys) {
        return same(keys.size(), new Loaded.Missing());
    }

    @Override
    public CompletionStage<List<Stored>> store(List<Entry> entries, Duration timeToLive) {
        return same(entries.size(), Stored.UNAVAILABLE);
    }

    @Override
    public CompletionStage<List<Boolean>> touch(List<TierKey> keys, Duration timeToLive) {
        return same(keys.size(), false);
    }

    @Override
    public CompletionStage<Boolean> remove(List<TierKey> keys) {
        return CompletableFuture.completedStage(true);
    }

    private static <T> CompletionStage<List<T>> same(int count, T answer) {
        return CompletableFuture.completedStage(Collections.nCopies(count, answer));
    }

    @Override
    public void close() {}
}
