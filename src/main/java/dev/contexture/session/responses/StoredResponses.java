package dev.contexture.session.responses;

import dev.contexture.session.DamagedSessionException;
import dev.contexture.session.SessionBusyException;
import dev.contexture.session.SessionService;
import dev.contexture.session.responses.ResponseVault.Found;
import dev.contexture.session.store.SessionRecords.Key;
import dev.contexture.session.store.TenantLedger.Entry;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Responses that are kept, with the conversations that they are parts of. */
final class StoredResponses {
    private static final Logger LOG = LoggerFactory.getLogger(StoredResponses.class);
    private static final int ERASED_AT_ONCE = 200;
    private static final int MOST_ERASURES = 10_000;

    private final ResponseVault vault;
    private final SessionService conversations;
    private final ResponseListener listener;

    StoredResponses(ResponseVault vault, SessionService conversations, ResponseListener listener) {
        this.vault = vault;
        this.conversations = conversations;
        this.listener = listener;
    }

    /**
     * Writes one that is new, or nothing of it, and lets the tenant's oldest go where there are too many.
     */
    Mono<Response> put(String tenant, Response response) {
        return vault.put(tenant, response)
                .flatMap(surplus -> Flux.fromIterable(surplus)
                        .concatMap(oldest -> evict(tenant, oldest))
                        .then(Mono.just(response)))
                // What it said must not stay where nobody can delete it.
                .onErrorResume(error -> unmark(tenant, response, Duration.ZERO)
                        .onErrorComplete()
                        .then(Mono.error(error)));
    }

    Mono<Response> find(String tenant, String id) {
        return Mono.defer(() -> vault.find(vault.key(tenant, id))).map(Found::response);
    }

    /** One that fails now is named again by the next that is stored. */
    private Mono<Void> evict(String tenant, Entry oldest) {
        Key key = vault.key(tenant, oldest.id());
        return vault.find(key)
                .flatMap(found -> unmark(tenant, found.response(), Duration.ZERO)
                        // Somebody goes on with the conversation: its next end forgets this one's mark.
                        .onErrorResume(SessionBusyException.class, e -> Mono.empty()))
                .onErrorResume(ResponseNotFoundException.class, e -> Mono.empty())
                .onErrorResume(DamagedSessionException.class, e -> Mono.empty())
                .then(vault.delete(key, oldest))
                .doOnSuccess(done -> listener.evicted())
                .onErrorResume(error -> {
                    LOG.warn("An old response could not be removed yet: {}", error.toString());
                    return Mono.empty();
                });
    }

    /**
     * Removes the text that only this response needs, then its record, so that one that fails half way can be repeated. Fails
     * with {@link ResponseNotFoundException} or {@link ResponseBusyException}.
     */
    Mono<Void> delete(String tenant, String id) {
        return Mono.defer(() -> {
            Key key = vault.key(tenant, id);
            // A record that cannot be read must be deletable, too; its entry in the books ends with its time to live.
            Mono<Optional<Found>> known = vault.find(key)
                    .map(Optional::of)
                    .onErrorResume(DamagedSessionException.class, e -> Mono.just(Optional.empty()));
            return known.flatMap(found -> found.map(
                                    readable -> unmark(tenant, readable.response(), conversations.longestWait())
                                            .thenReturn(readable.entry()))
                            .orElseGet(() -> Mono.just(new Entry(id, 0)))
                            .flatMap(entry -> vault.delete(key, entry)))
                    .onErrorMap(
                            SessionBusyException.class, busy -> ResponseBusyException.continued(id, busy.retryAfter()));
        });
    }

    /** Takes the text of a response that was not kept out of its conversation, as far as that can be done. */
    Mono<Void> abandon(String tenant, String conversation, String id) {
        return unmark(tenant, conversation, id, conversations.longestWait()).onErrorResume(error -> {
            LOG.warn("An answer that nobody waited for is kept until it expires: {}", error.toString());
            return Mono.empty();
        });
    }

    private Mono<Void> unmark(String tenant, Response response, Duration longestWait) {
        return response.conversation()
                .map(part -> unmark(tenant, part.id(), response.id(), longestWait))
                .orElse(Mono.empty());
    }

    private Mono<Void> unmark(String tenant, String conversation, String id, Duration longestWait) {
        return conversations.unmark(
                tenant, conversation, id, other -> vault.exists(vault.key(tenant, other)), longestWait);
    }

    /**
     * Removes all of a tenant's, with their conversations.
     *
     * @return how many there were
     */
    Mono<Integer> eraseAll(String tenant) {
        return vault.list(tenant, ERASED_AT_ONCE)
                .flatMap(ids -> Flux.fromIterable(ids)
                        .concatMap(id -> forget(tenant, id))
                        .then(Mono.just(ids.size())))
                .repeat(MOST_ERASURES)
                .takeUntil(count -> count == 0)
                .reduce(0, Integer::sum)
                .flatMap(count -> conversations.sessions().eraseAll(tenant).thenReturn(count));
    }

    private Mono<Void> forget(String tenant, String id) {
        Key key = vault.key(tenant, id);
        return vault.find(key)
                .map(Found::entry)
                .onErrorResume(DamagedSessionException.class, e -> Mono.just(new Entry(id, 0)))
                .flatMap(entry -> vault.delete(key, entry))
                .onErrorResume(ResponseNotFoundException.class, e -> Mono.empty());
    }
}
