package dev.contexture.session.store;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import reactor.core.publisher.Mono;

/**
 * Session records as bytes. A record is replaced as a whole under a lease, so a turn is committed at once or not at all, and
 * an owner that lost its lease to another cannot write any more. All calls end within the store's time limit, with
 * {@link SessionStoreUnavailableException} if it is away.
 */
public interface SessionRecords {
    /**
     * Names a session; the same id of two tenants names two sessions.
     *
     * @param namespace 32 hexadecimal digits derived from the tenant
     */
    record Key(String namespace, String id) {}

    /**
     * @param version counts replacements from 1
     */
    @SuppressWarnings("ArrayRecordComponent")
    record Stored(byte[] record, long version) {}

    /**
     * The right to replace a record until it expires.
     *
     * @param fence grows with every acquisition of a session by anybody
     */
    record Lease(Key key, String owner, long fence) {}

    /** What came of asking for a lease. */
    sealed interface Acquired {
        record Granted(Lease lease) implements Acquired {}

        /**
         * @param remaining until the lease of the other expires, if it is not renewed
         */
        record HeldByOther(Duration remaining) implements Acquired {}

        record NoSuchSession() implements Acquired {}
    }

    /** What came of a replacement. */
    enum Replaced {
        DONE,
        /** The lease has expired or somebody else has had one since: nothing was written. */
        NOT_OWNER,
        NO_SUCH_SESSION
    }

    /**
     * @return whether it is new; false: there is one of this id, and it stays as it was
     */
    Mono<Boolean> create(Key key, byte[] record, Duration timeToLive);

    Mono<Optional<Stored>> find(Key key);

    /**
     * Ids in ascending order.
     *
     * @param after the last id of the page before; empty for the first page
     * @param limit 1 to 1,000
     */
    Mono<List<String>> list(String namespace, String after, int limit);

    Mono<Acquired> acquire(Key key, String owner, Duration duration);

    /**
     * @return false if the lease is lost
     */
    Mono<Boolean> renew(Lease lease, Duration duration);

    /** Gives a lease back, if it is still held. */
    Mono<Void> release(Lease lease);

    /** Replaces the record and begins its time to live anew. */
    Mono<Replaced> replace(Lease lease, byte[] record, Duration timeToLive);

    /**
     * Removes the record whoever holds a lease on it; later replacements under that lease find no such session.
     *
     * @return whether there was one
     */
    Mono<Boolean> delete(Key key);
}
