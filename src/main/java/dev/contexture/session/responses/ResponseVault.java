package dev.contexture.session.responses;

import dev.contexture.session.SessionSealer;
import dev.contexture.session.TenantNamespaces;
import dev.contexture.session.store.SessionRecords;
import dev.contexture.session.store.SessionRecords.Key;
import dev.contexture.session.store.TenantLedger;
import dev.contexture.session.store.TenantLedger.Entry;
import java.util.List;
import java.util.regex.Pattern;
import reactor.core.publisher.Mono;

/** Responses of tenants over records of bytes: sealed under the tenant's namespace, and bounded. */
final class ResponseVault {
    private static final Pattern ID = Pattern.compile("resp_[0-9a-f]{24}");
    /** In a conversation: some letters, and its number in base64. */
    private static final int BYTES_PER_TOKEN = 10;

    private final SessionRecords records;
    private final TenantLedger ledger;
    private final SessionSealer sealer;
    private final TenantNamespaces namespaces;
    private final ResponseBounds bounds;
    private final ResponseCodec codec = new ResponseCodec();

    ResponseVault(
            SessionRecords records,
            TenantLedger ledger,
            SessionSealer sealer,
            TenantNamespaces namespaces,
            ResponseBounds bounds) {
        this.records = records;
        this.ledger = ledger;
        this.sealer = sealer;
        this.namespaces = namespaces;
        this.bounds = bounds;
    }

    /** As it is stored. */
    record Found(Response response, int recordBytes) {
        Entry entry() {
            int tokens = response.conversation()
                    .map(Response.ConversationPart::addedTokens)
                    .orElse(0);
            return new Entry(response.id(), recordBytes + (long) BYTES_PER_TOKEN * tokens);
        }
    }

    /**
     * @throws ResponseNotFoundException if nothing is ever called so
     */
    Key key(String tenant, String id) {
        if (!ID.matcher(id).matches()) {
            throw new ResponseNotFoundException(id);
        }
        return new Key(namespaces.of(tenant), id);
    }

    /**
     * Writes one that is new. Fails with {@link RecordTooLargeException}.
     *
     * @return the oldest of the tenant, which have to go
     */
    Mono<List<Entry>> put(String tenant, Response response) {
        return Mono.defer(() -> {
            Key key = key(tenant, response.id());
            byte[] sealed = sealer.seal(key.namespace(), key.id(), codec.encode(response));
            if (sealed.length > bounds.mostRecordBytes()) {
                return Mono.error(new RecordTooLargeException(sealed.length, bounds.mostRecordBytes()));
            }
            Entry entry = new Found(response, sealed.length).entry();
            // Entered first: what is not in the books would be bound by nothing.
            return ledger.enter(key.namespace(), entry, bounds.timeToLive(), bounds.ofTenant())
                    .flatMap(surplus -> records.create(key, sealed, bounds.timeToLive())
                            .thenReturn(surplus)
                            .onErrorResume(error -> ledger.leave(key.namespace(), entry)
                                    .onErrorComplete()
                                    .then(Mono.error(error))));
        });
    }

    /**
     * Fails with {@link ResponseNotFoundException}, or {@link dev.contexture.session.DamagedSessionException}.
     */
    Mono<Found> find(Key key) {
        return records.find(key).map(found -> {
            SessionRecords.Stored stored = found.orElseThrow(() -> new ResponseNotFoundException(key.id()));
            Response response = codec.decode(sealer.open(key.namespace(), key.id(), stored.record()));
            return new Found(response, stored.record().length);
        });
    }

    Mono<Boolean> exists(Key key) {
        return records.find(key).map(found -> found.isPresent());
    }

    /** Removes the record, then its entry. */
    Mono<Void> delete(Key key, Entry entry) {
        return records.delete(key).then(ledger.leave(key.namespace(), entry));
    }

    Mono<List<String>> list(String tenant, int limit) {
        return records.list(namespaces.of(tenant), "", limit);
    }
}
