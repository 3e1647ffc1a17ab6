package dev.contexture.session.store;

import dev.contexture.kv.tier.redis.RedisLink;
import dev.contexture.kv.tier.redis.RedisListener;
import dev.contexture.kv.tier.redis.RedisListener.Failure;
import dev.contexture.kv.tier.redis.RedisListener.Operation;
import io.lettuce.core.RedisCommandTimeoutException;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/** Calls to Redis for records: each ends in time, and fails with {@link SessionStoreUnavailableException}. */
final class RedisCalls {
    private final RedisLink link;
    private final RedisListener listener;
    private final LongSupplier nanos;

    /**
     * @param nanos a monotonic clock
     */
    RedisCalls(RedisLink link, RedisListener listener, LongSupplier nanos) {
        this.link = link;
        this.listener = listener;
        this.nanos = nanos;
    }

    <T> Mono<T> call(Function<RedisClusterAsyncCommands<String, ByteBuffer>, CompletionStage<T>> work) {
        return Mono.defer(() -> {
                    RedisClusterAsyncCommands<String, ByteBuffer> commands =
                            link.commands().orElseThrow(() -> unavailable(Failure.CONNECTION, null));
                    long begin = nanos.getAsLong();
                    return Mono.fromCompletionStage(() -> work.apply(commands))
                            .timeout(link.commandTimeout())
                            .doOnSuccess(answer -> listener.answered(Operation.SESSION, nanos.getAsLong() - begin));
                })
                .onErrorMap(error -> !(error instanceof SessionStoreUnavailableException), this::unavailable);
    }

    private SessionStoreUnavailableException unavailable(Throwable error) {
        boolean late = error instanceof TimeoutException || error instanceof RedisCommandTimeoutException;
        return unavailable(late ? Failure.TIMEOUT : Failure.ERROR, error);
    }

    private SessionStoreUnavailableException unavailable(Failure failure, @Nullable Throwable error) {
        listener.failed(Operation.SESSION, failure);
        return new SessionStoreUnavailableException("session records cannot be reached in Redis now", error);
    }

    static ByteBuffer text(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
    }

    static ByteBuffer number(long number) {
        return text(Long.toString(number));
    }
}
