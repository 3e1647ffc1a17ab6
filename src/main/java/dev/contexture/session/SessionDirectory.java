package dev.contexture.session;

import dev.contexture.session.store.SessionRecords.Key;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** What needs no model: which sessions there are, what one says, and its end. */
final class SessionDirectory {
    private final SessionVault vault;
    private final SessionKv kv;

    SessionDirectory(SessionVault vault, SessionKv kv) {
        this.vault = vault;
        this.kv = kv;
    }

    Mono<Session> find(String tenant, String id) {
        return Mono.defer(() -> vault.find(vault.key(tenant, id)));
    }

    /**
     * What is asked of sessions, by ascending id.
     *
     * @param lastId where the next page begins; empty if there is none
     */
    record Page<T>(List<T> found, String lastId, boolean hasMore) {}

    /**
     * One session is decoded at a time: only what is asked of it is kept.
     *
     * @param limit of sessions, also of those of which nothing is asked
     */
    <T> Mono<Page<T>> list(String tenant, String after, int limit, Function<Session, Optional<T>> asked) {
        return vault.list(tenant, after, limit + 1)
                .flatMap(ids -> Flux.fromIterable(ids)
                        .take(limit)
                        // One may expire, be deleted or be unreadable between the two calls.
                        .concatMap(id -> find(tenant, id)
                                .onErrorResume(SessionNotFoundException.class, e -> Mono.empty())
                                .onErrorResume(DamagedSessionException.class, e -> Mono.empty())
                                .flatMap(session -> Mono.justOrEmpty(asked.apply(session))))
                        .collectList()
                        .map(found -> new Page<>(
                                found,
                                ids.isEmpty() ? "" : ids.get(Math.min(limit, ids.size()) - 1),
                                ids.size() > limit)));
    }

    Mono<Void> delete(String tenant, String id) {
        return Mono.defer(() -> {
            Key key = vault.key(tenant, id);
            // A record that cannot be read must be deletable, too.
            Mono<Optional<Session>> known = vault.find(key)
                    .map(Optional::of)
                    .onErrorResume(DamagedSessionException.class, e -> Mono.just(Optional.empty()));
            return known.flatMap(session -> session.map(gone -> kv.erase(tenant, gone))
                            .orElseGet(() -> kv.forget(tenant, id))
                            .then(vault.delete(key)))
                    .then();
        });
    }
}
