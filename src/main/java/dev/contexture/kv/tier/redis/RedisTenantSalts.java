package dev.contexture.kv.tier.redis;

import dev.contexture.kv.tier.TenantSalts;
import dev.contexture.kv.tier.redis.RedisListener.Failure;
import dev.contexture.kv.tier.redis.RedisListener.Operation;
import io.lettuce.core.SetArgs;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;

/** {@link TenantSalts} in Redis, without a time to live: what is sealed under one may be as old as it likes. */
public final class RedisTenantSalts implements TenantSalts {
    private final RedisLink link;
    private final RedisListener listener;
    private final SecureRandom random;

    public RedisTenantSalts(RedisLink link, RedisListener listener, SecureRandom random) {
        this.link = link;
        this.listener = listener;
        this.random = random;
    }

    /** What Redis did not say in time. */
    private static final class NoAnswer extends Exception {
        private static final long serialVersionUID = 1L;
    }

    private <T> T await(Function<RedisClusterAsyncCommands<String, ByteBuffer>, CompletionStage<T>> work)
            throws NoAnswer {
        RedisClusterAsyncCommands<String, ByteBuffer> commands = link.commands().orElse(null);
        if (commands == null) {
            listener.failed(Operation.SALT, Failure.CONNECTION);
            throw new NoAnswer();
        }
        try {
            return work.apply(commands)
                    .toCompletableFuture()
                    .get(link.commandTimeout().toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new NoAnswer();
        } catch (TimeoutException e) {
            listener.failed(Operation.SALT, Failure.TIMEOUT);
            throw new NoAnswer();
        } catch (ExecutionException | RuntimeException e) {
            listener.failed(Operation.SALT, Failure.ERROR);
            throw new NoAnswer();
        }
    }

    private Salt read(String namespace) throws NoAnswer {
        ByteBuffer found = await(commands -> commands.get(RedisNames.salt(namespace)));
        if (found == null) {
            return new Salt.Absent();
        }
        byte[] salt = new byte[found.remaining()];
        found.get(salt);
        return salt.length == SALT_BYTES ? new Salt.Known(salt) : new Salt.Unavailable();
    }

    @Override
    public Salt find(String namespace) {
        try {
            return read(namespace);
        } catch (NoAnswer e) {
            return new Salt.Unavailable();
        }
    }

    @Override
    public Salt findOrCreate(String namespace) {
        try {
            Salt found = read(namespace);
            if (!(found instanceof Salt.Absent)) {
                return found;
            }
            byte[] made = new byte[SALT_BYTES];
            random.nextBytes(made);
            await(commands -> commands.set(RedisNames.salt(namespace), ByteBuffer.wrap(made), SetArgs.Builder.nx()));
            // Another may have been quicker: what is there now is everybody's.
            Salt now = read(namespace);
            return now instanceof Salt.Absent ? new Salt.Unavailable() : now;
        } catch (NoAnswer e) {
            return new Salt.Unavailable();
        }
    }

    @Override
    public boolean erase(String namespace) {
        try {
            await(commands -> commands.del(RedisNames.salt(namespace)));
            return true;
        } catch (NoAnswer e) {
            return false;
        }
    }
}
