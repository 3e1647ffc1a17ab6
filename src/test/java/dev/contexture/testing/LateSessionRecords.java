package dev.contexture.testing;

import dev.contexture.session.store.SessionRecords;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** Records whose creation is carried out at once and answered when told to. */
public final class LateSessionRecords implements SessionRecords {
    private final SessionRecords records;
    private final Sinks.Empty<Void> answered = Sinks.empty();

    public LateSessionRecords(SessionRecords records) {
        this.records = records;
    }

    public void answer() {
        answered.tryEmitEmpty();
    }

    @Override
    public Mono<Boolean> create(Key key, byte[] record, Duration timeToLive) {
        return records.create(key, record, timeToLive)
                .flatMap(isNew -> answered.asMono().thenReturn(isNew));
    }

    @Override
    public Mono<Optional<Stored>> find(Key key) {
        return records.find(key);
    }

    @Override
    public Mono<List<String>> list(String namespace, String after, int limit) {
        return records.list(namespace, after, limit);
    }

    @Override
    public Mono<Acquired> acquire(Key key, String owner, Duration duration) {
        return records.acquire(key, owner, duration);
    }

    @Override
    public Mono<Boolean> renew(Lease lease, Duration duration) {
        return records.renew(lease, duration);
    }

    @Override
    public Mono<Void> release(Lease lease) {
        return records.release(lease);
    }

    @Override
    public Mono<Replaced> replace(Lease lease, byte[] record, Duration timeToLive) {
        return records.replace(lease, record, timeToLive);
    }

    @Override
    public Mono<Boolean> delete(Key key) {
        return records.delete(key);
    }
}
