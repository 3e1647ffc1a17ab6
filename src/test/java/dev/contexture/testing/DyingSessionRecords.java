package dev.contexture.testing;

import dev.contexture.session.store.SessionRecords;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * Records of a process that dies at its n-th call, before or after it was carried out: from then on nothing is carried out and
 * nothing answered. Or a store that fails while it is away.
 */
public final class DyingSessionRecords implements SessionRecords {
    private final SessionRecords records;
    private final int lastCall;
    private final boolean before;
    private final BooleanSupplier away;
    private final @Nullable RuntimeException failure;
    private int calls;

    public DyingSessionRecords(SessionRecords records, int lastCall, boolean before) {
        this(records, lastCall, before, () -> false, null);
    }

    private DyingSessionRecords(
            SessionRecords records,
            int lastCall,
            boolean before,
            BooleanSupplier away,
            @Nullable RuntimeException failure) {
        this.records = records;
        this.lastCall = lastCall;
        this.before = before;
        this.away = away;
        this.failure = failure;
    }

    public static SessionRecords failing(SessionRecords records, BooleanSupplier away, RuntimeException failure) {
        return new DyingSessionRecords(records, Integer.MAX_VALUE, true, away, failure);
    }

    private <T> Mono<T> call(Supplier<Mono<T>> work) {
        return Mono.defer(() -> {
            if (failure != null && away.getAsBoolean()) {
                return Mono.error(failure);
            }
            int call = calls++;
            if (call > lastCall || (call == lastCall && before)) {
                return Mono.never();
            }
            return call == lastCall ? work.get().then(Mono.never()) : work.get();
        });
    }

    @Override
    public Mono<Boolean> create(Key key, byte[] record, Duration timeToLive) {
        return call(() -> records.create(key, record, timeToLive));
    }

    @Override
    public Mono<Optional<Stored>> find(Key key) {
        return call(() -> records.find(key));
    }

    @Override
    public Mono<List<String>> list(String namespace, String after, int limit) {
        return call(() -> records.list(namespace, after, limit));
    }

    @Override
    public Mono<Acquired> acquire(Key key, String owner, Duration duration) {
        return call(() -> records.acquire(key, owner, duration));
    }

    @Override
    public Mono<Boolean> renew(Lease lease, Duration duration) {
        return call(() -> records.renew(lease, duration));
    }

    @Override
    public Mono<Void> release(Lease lease) {
        return call(() -> records.release(lease));
    }

    @Override
    public Mono<Replaced> replace(Lease lease, byte[] record, Duration timeToLive) {
        return call(() -> records.replace(lease, record, timeToLive));
    }

    @Override
    public Mono<Boolean> delete(Key key) {
        return call(() -> records.delete(key));
    }
}
