package dev.contexture.session;

import dev.contexture.session.store.SessionRecords;
import dev.contexture.session.store.SessionRecords.Acquired;
import dev.contexture.session.store.SessionRecords.Key;
import dev.contexture.session.store.SessionRecords.Lease;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.util.retry.Retry;

/** Who may go on with a session: one turn at a time, of all replicas. */
final class SessionLeases {
    private static final Duration POLL = Duration.ofMillis(100);
    private static final Duration LEAST_RETRY_AFTER = Duration.ofSeconds(1);
    /** Of a lease's duration: so one renewal may fail. */
    private static final int RENEWALS = 3;

    private final SessionRecords records;
    private final Duration duration;
    private final String replica;
    private final Scheduler timer;
    private final AtomicLong turns = new AtomicLong();

    /**
     * @param replica names this process
     */
    SessionLeases(SessionRecords records, Duration duration, String replica, Scheduler timer) {
        this.records = records;
        this.duration = duration;
        this.replica = replica;
        this.timer = timer;
    }

    /**
     * Waits for a turn that runs. Fails with {@link SessionBusyException} or {@link SessionNotFoundException}.
     */
    Mono<Lease> acquire(Key key, Duration longestWait) {
        String owner = replica + ":" + turns.incrementAndGet();
        long deadline = timer.now(TimeUnit.NANOSECONDS) + longestWait.toNanos();
        return attempt(key, owner)
                .flatMap(acquired -> switch (acquired) {
                    case Acquired.Granted granted -> Mono.just(granted.lease());
                    case Acquired.NoSuchSession none -> Mono.<Lease>error(new SessionNotFoundException(key.id()));
                    case Acquired.HeldByOther held ->
                        Mono.<Lease>error(new SessionBusyException(key.id(), retryAfter(held.remaining())));
                })
                .retryWhen(Retry.from(failures -> failures.concatMap(failure -> {
                    boolean mayWait = failure.failure() instanceof SessionBusyException
                            && timer.now(TimeUnit.NANOSECONDS) < deadline;
                    return mayWait ? Mono.delay(POLL, timer) : Mono.error(failure.failure());
                })));
    }

    /** Goes on when nobody waits for it any more, and gives back what it got then. */
    private Mono<Acquired> attempt(Key key, String owner) {
        return Mono.create(asked -> {
            AtomicBoolean left = new AtomicBoolean();
            asked.onCancel(() -> left.set(true));
            records.acquire(key, owner, duration)
                    .subscribe(
                            acquired -> {
                                if (!left.get()) {
                                    asked.success(acquired);
                                } else if (acquired instanceof Acquired.Granted granted) {
                                    release(granted.lease()).subscribe();
                                }
                            },
                            error -> {
                                if (!left.get()) {
                                    asked.error(error);
                                }
                            },
                            asked::success);
        });
    }

    private static Duration retryAfter(Duration remaining) {
        return remaining.compareTo(LEAST_RETRY_AFTER) < 0 ? LEAST_RETRY_AFTER : remaining;
    }

    /**
     * Keeps a lease alive until cancelled; fails with {@link SessionTakenOverException} when it is lost. A store that is away
     * for a moment is no loss: writing checks the lease anyway.
     */
    Mono<Void> keep(Lease lease) {
        return Flux.interval(duration.dividedBy(RENEWALS), timer)
                .onBackpressureDrop()
                .concatMap(tick -> records.renew(lease, duration).onErrorReturn(true))
                .filter(held -> !held)
                .next()
                .flatMap(lost ->
                        Mono.error(new SessionTakenOverException(lease.key().id())));
    }

    /** Gives it back; where that fails it expires by itself. */
    Mono<Void> release(Lease lease) {
        return records.release(lease).onErrorComplete();
    }
}
