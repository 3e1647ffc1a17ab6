package dev.contexture.session;

import dev.contexture.session.store.SessionRecords;
import dev.contexture.session.store.SessionRecords.Key;
import dev.contexture.session.store.SessionRecords.Lease;
import dev.contexture.session.store.SessionRecords.Replaced;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import reactor.core.publisher.Mono;

/** Sessions of tenants over records of bytes: sealed under the tenant's namespace, and bounded. */
final class SessionVault {
    private final SessionRecords records;
    private final SessionSealer sealer;
    private final TenantNamespaces namespaces;
    private final int maxRecordBytes;
    private final Pattern ids;
    private final SessionCodec codec = new SessionCodec();

    /**
     * @param idPrefix that all ids begin with
     */
    SessionVault(
            SessionRecords records,
            SessionSealer sealer,
            TenantNamespaces namespaces,
            int maxRecordBytes,
            String idPrefix) {
        this.records = records;
        this.sealer = sealer;
        this.namespaces = namespaces;
        this.maxRecordBytes = maxRecordBytes;
        this.ids = Pattern.compile(idPrefix + "_[0-9a-f]{24}");
    }

    /**
     * @throws SessionNotFoundException if nothing is ever called so
     */
    Key key(String tenant, String id) {
        if (!ids.matcher(id).matches()) {
            throw new SessionNotFoundException(id);
        }
        return new Key(namespaces.of(tenant), id);
    }

    Mono<Session> create(String tenant, Session session) {
        Key key = key(tenant, session.id());
        return records.create(key, seal(key, session), session.timeToLive())
                .filter(isNew -> isNew)
                .map(isNew -> session)
                .switchIfEmpty(Mono.error(() -> new SessionExistsException(session.id())));
    }

    /** Writes a session of a new id; may be repeated where it is not known whether that was done. */
    Mono<Session> begin(Key key, Session session) {
        return records.create(key, seal(key, session), session.timeToLive()).thenReturn(session);
    }

    /** Fails with {@link SessionNotFoundException} or {@link DamagedSessionException}. */
    Mono<Session> find(Key key) {
        return records.find(key).map(found -> decoded(key, found));
    }

    /** The same, read on other threads than the store's. */
    Mono<Session> find(Key key, TextThreads threads) {
        return records.find(key).flatMap(found -> threads.call(() -> decoded(key, found)));
    }

    private Session decoded(Key key, Optional<SessionRecords.Stored> found) {
        SessionRecords.Stored stored = found.orElseThrow(() -> new SessionNotFoundException(key.id()));
        return codec.decode(sealer.open(key.namespace(), key.id(), stored.record()));
    }

    Mono<List<String>> list(String tenant, String after, int limit) {
        return records.list(namespaces.of(tenant), after, limit);
    }

    /** Fails with {@link SessionTakenOverException} if the lease is not what it was. */
    Mono<Session> replace(Lease lease, Session session) {
        return replace(lease, session, session.timeToLive());
    }

    /** The same with another time to live from now on. */
    Mono<Session> replace(Lease lease, Session session, Duration timeToLive) {
        return records.replace(lease, seal(lease.key(), session), timeToLive).map(replaced -> {
            if (replaced != Replaced.DONE) {
                throw new SessionTakenOverException(session.id());
            }
            return session;
        });
    }

    Mono<Boolean> delete(Key key) {
        return records.delete(key);
    }

    /**
     * @throws InvalidPromptException if the session has become too large to be kept
     */
    void requireRoom(Session session) {
        encode(session);
    }

    private byte[] seal(Key key, Session session) {
        return sealer.seal(key.namespace(), key.id(), encode(session));
    }

    private byte[] encode(Session session) {
        byte[] record = codec.encode(session);
        if (record.length > maxRecordBytes) {
            throw new InvalidPromptException(
                    "the session would have " + record.length + " bytes of text and tokens, but at most "
                            + maxRecordBytes + " are kept (contexture.session.max-record-size): begin a new one",
                    "session_id");
        }
        return record;
    }
}
