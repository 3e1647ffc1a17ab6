package dev.contexture.kv.tier.redis;

import dev.contexture.kv.tier.RemoteTier;
import dev.contexture.kv.tier.TierKey;
import dev.contexture.kv.tier.redis.RedisListener.Failure;
import dev.contexture.kv.tier.redis.RedisListener.Operation;
import io.lettuce.core.KeyValue;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisCommandTimeoutException;
import io.lettuce.core.SetArgs;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.function.LongSupplier;

/**
 * {@link RemoteTier} in Redis. Values are read many by one command and written one by one, all pipelined on one connection; keys
 * of a session spread over a cluster's slots. Every call is answered within the link's command timeout, by a {@link CircuitBreaker} at
 * once where Redis does not answer; calls and bytes under way are bounded.
 */
public final class RedisTier implements RemoteTier {
    /** Keys of one MGET: few enough that its answer does not hold up others for long. */
    private static final int KEYS_PER_COMMAND = 64;

    private static final long MOST_LOADING_VALUES = 16_384;
    private static final long MOST_STORING_BYTES = 128L << 20;

    private final RedisLink link;
    private final CircuitBreaker breaker;
    private final RedisListener listener;
    private final LongSupplier nanos;
    private final AtomicLong loadingValues = new AtomicLong();
    private final AtomicLong storingBytes = new AtomicLong();

    /**
     * @param link which is not closed here
     * @param nanos a monotonic clock
     */
    public RedisTier(RedisLink link, CircuitBreaker breaker, RedisListener listener, LongSupplier nanos) {
        this.link = link;
        this.breaker = breaker;
        this.listener = listener;
        this.nanos = nanos;
    }

    @Override
    public State state() {
        return breaker.isOpen() || link.commands().isEmpty() ? State.UNAVAILABLE : State.AVAILABLE;
    }

    /** Makes a call if calls are worth making, and sees to it that it is answered in time. */
    private <T> CompletableFuture<T> call(
            Operation operation,
            Function<RedisClusterAsyncCommands<String, ByteBuffer>, CompletionStage<T>> work,
            Function<Failure, T> otherwise) {
        Optional<RedisClusterAsyncCommands<String, ByteBuffer>> commands = link.commands();
        if (commands.isEmpty()) {
            listener.failed(operation, Failure.CONNECTION);
            return CompletableFuture.completedFuture(otherwise.apply(Failure.CONNECTION));
        }
        if (!breaker.admit()) {
            listener.failed(operation, Failure.BREAKER);
            return CompletableFuture.completedFuture(otherwise.apply(Failure.BREAKER));
        }
        long begin = nanos.getAsLong();
        CompletableFuture<T> answer;
        try {
            answer = work.apply(commands.get())
                    .toCompletableFuture()
                    .copy()
                    .orTimeout(link.commandTimeout().toNanos(), TimeUnit.NANOSECONDS);
        } catch (RuntimeException e) {
            answer = CompletableFuture.failedFuture(e);
        }
        return answer.handle((value, error) -> {
            if (error == null) {
                breaker.succeeded();
                listener.answered(operation, nanos.getAsLong() - begin);
                return value;
            }
            Failure failure = failure(error);
            if (failure == Failure.FULL) {
                breaker.succeeded(); // it answers
            } else {
                breaker.failed();
            }
            listener.failed(operation, failure);
            return otherwise.apply(failure);
        });
    }

    private static Failure failure(Throwable error) {
        Throwable cause = error instanceof CompletionException && error.getCause() != null ? error.getCause() : error;
        return switch (cause) {
            case TimeoutException late -> Failure.TIMEOUT;
            case RedisCommandTimeoutException late -> Failure.TIMEOUT;
            case RedisCommandExecutionException refused ->
                String.valueOf(refused.getMessage()).startsWith("OOM") ? Failure.FULL : Failure.ERROR;
            default -> Failure.CONNECTION;
        };
    }

    @Override
    public CompletionStage<List<Loaded>> load(List<TierKey> keys) {
        if (loadingValues.addAndGet(keys.size()) > MOST_LOADING_VALUES) {
            loadingValues.addAndGet(-keys.size());
            listener.failed(Operation.LOAD, Failure.OVERLOAD);
            return CompletableFuture.completedStage(unavailable(keys.size(), Failure.OVERLOAD));
        }
        List<CompletableFuture<List<Loaded>>> parts = new ArrayList<>();
        for (int from = 0; from < keys.size(); from += KEYS_PER_COMMAND) {
            List<TierKey> some = keys.subList(from, Math.min(keys.size(), from + KEYS_PER_COMMAND));
            String[] names = some.stream().map(RedisNames::of).toArray(String[]::new);
            parts.add(call(
                    Operation.LOAD,
                    commands -> commands.mget(names).thenApply(this::loaded),
                    failure -> unavailable(some.size(), failure)));
        }
        return joined(parts).whenComplete((answers, error) -> loadingValues.addAndGet(-keys.size()));
    }

    private List<Loaded> loaded(List<KeyValue<String, ByteBuffer>> values) {
        List<Loaded> loaded = new ArrayList<>(values.size());
        long bytes = 0;
        for (KeyValue<String, ByteBuffer> value : values) {
            if (value.hasValue()) {
                bytes += value.getValue().remaining();
                loaded.add(new Loaded.Found(value.getValue()));
            } else {
                loaded.add(new Loaded.Missing());
            }
        }
        listener.moved(bytes, 0);
        return loaded;
    }

    private static List<Loaded> unavailable(int count, Failure failure) {
        String cause = switch (failure) {
            case TIMEOUT -> "timeout";
            case CONNECTION -> "connection";
            case OVERLOAD -> "overload";
            case BREAKER -> "breaker";
            case FULL, ERROR -> "error";
        };
        return Collections.nCopies(count, new Loaded.Unavailable(cause));
    }

    private static <T> CompletableFuture<List<T>> joined(List<CompletableFuture<List<T>>> parts) {
        return CompletableFuture.allOf(parts.toArray(CompletableFuture[]::new)).thenApply(done -> {
            List<T> all = new ArrayList<>();
            parts.forEach(part -> all.addAll(part.join()));
            return all;
        });
    }

    @Override
    public CompletionStage<List<Stored>> store(List<Entry> entries, Duration timeToLive) {
        long bytes =
                entries.stream().mapToLong(entry -> entry.value().remaining()).sum();
        if (storingBytes.addAndGet(bytes) > MOST_STORING_BYTES) {
            storingBytes.addAndGet(-bytes);
            listener.failed(Operation.STORE, Failure.OVERLOAD);
            return CompletableFuture.completedStage(Collections.nCopies(entries.size(), Stored.UNAVAILABLE));
        }
        SetArgs expiring = SetArgs.Builder.px(timeToLive.toMillis());
        List<CompletableFuture<List<Stored>>> parts = new ArrayList<>();
        for (Entry entry : entries) {
            long size = entry.value().remaining();
            parts.add(call(
                    Operation.STORE,
                    commands -> commands.set(RedisNames.of(entry.key()), entry.value(), expiring)
                            .thenApply(ok -> {
                                listener.moved(0, size);
                                return List.of(Stored.STORED);
                            }),
                    failure -> List.of(failure == Failure.FULL ? Stored.FULL : Stored.UNAVAILABLE)));
        }
        return joined(parts).whenComplete((answers, error) -> storingBytes.addAndGet(-bytes));
    }

    @Override
    public CompletionStage<List<Boolean>> touch(List<TierKey> keys, Duration timeToLive) {
        List<CompletableFuture<List<Boolean>>> parts = new ArrayList<>();
        for (TierKey key : keys) {
            parts.add(call(
                    Operation.TOUCH,
                    commands -> commands.pexpire(RedisNames.of(key), timeToLive.toMillis())
                            .thenApply(List::of),
                    failure -> List.of(false)));
        }
        return joined(parts);
    }

    @Override
    public CompletionStage<Boolean> remove(List<TierKey> keys) {
        if (keys.isEmpty()) {
            return CompletableFuture.completedStage(true);
        }
        String[] names = keys.stream().map(RedisNames::of).toArray(String[]::new);
        return call(Operation.REMOVE, commands -> commands.unlink(names).thenApply(count -> true), failure -> false);
    }

    @Override
    public void close() {}
}
