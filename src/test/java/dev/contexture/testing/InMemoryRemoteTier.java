package dev.contexture.testing;

import dev.contexture.kv.tier.RemoteTier;
import dev.contexture.kv.tier.TierKey;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/** A remote tier that does what it is asked at once, or when it is told to answer; can be full, failing or away. */
public final class InMemoryRemoteTier implements RemoteTier {
    /** What is stored; tests look into it and change it. */
    public final Map<TierKey, ByteBuffer> values = new LinkedHashMap<>();
    /** Keys of each call of {@link #load}. */
    public final List<List<TierKey>> loads = new ArrayList<>();
    /** Keys of each call of {@link #store}. */
    public final List<List<TierKey>> stores = new ArrayList<>();

    public State state = State.AVAILABLE;
    public boolean full;
    /** Calls that are answered as if the tier were away, though it says that it is not. */
    public int failures;
    /** Whether answers wait for {@link #answerAll}. */
    public boolean holding;

    private final ArrayDeque<Runnable> held = new ArrayDeque<>();

    public void answerAll() {
        while (!held.isEmpty()) {
            held.removeFirst().run();
        }
    }

    private <T> CompletionStage<T> answer(Supplier<T> answer) {
        CompletableFuture<T> stage = new CompletableFuture<>();
        if (holding) {
            held.add(() -> stage.complete(answer.get()));
        } else {
            stage.complete(answer.get());
        }
        return stage;
    }

    private boolean fails() {
        if (failures > 0) {
            failures--;
            return true;
        }
        return state == State.UNAVAILABLE;
    }

    @Override
    public State state() {
        return state;
    }

    @Override
    public CompletionStage<List<Loaded>> load(List<TierKey> keys) {
        loads.add(keys);
        return answer(() -> {
            boolean fails = fails();
            return keys.stream()
                    .map(key -> fails ? new Loaded.Unavailable("error") : find(key))
                    .toList();
        });
    }

    private Loaded find(TierKey key) {
        ByteBuffer value = values.get(key);
        return value == null ? new Loaded.Missing() : new Loaded.Found(value.duplicate());
    }

    @Override
    public CompletionStage<List<Stored>> store(List<Entry> entries, Duration timeToLive) {
        stores.add(entries.stream().map(Entry::key).toList());
        return answer(() -> {
            boolean fails = fails();
            return entries.stream()
                    .map(entry -> fails ? Stored.UNAVAILABLE : store(entry))
                    .toList();
        });
    }

    private Stored store(Entry entry) {
        if (full) {
            return Stored.FULL;
        }
        values.put(entry.key(), entry.value());
        return Stored.STORED;
    }

    @Override
    public CompletionStage<List<Boolean>> touch(List<TierKey> keys, Duration timeToLive) {
        return answer(() -> keys.stream().map(values::containsKey).toList());
    }

    @Override
    public CompletionStage<Boolean> remove(List<TierKey> keys) {
        return answer(() -> {
            if (fails()) {
                return false;
            }
            keys.forEach(values::remove);
            return true;
        });
    }

    @Override
    public void close() {}
}
