package dev.contexture.session.store;

import java.time.Duration;
import java.util.List;
import reactor.core.publisher.Mono;

/**
 * How much each tenant has stored of something, by age, so that a bound can be held. What has expired is left out by itself.
 * Calls end within the store's time limit, with {@link SessionStoreUnavailableException} if it is away.
 */
public interface TenantLedger {
    /** Most that one call names. */
    int MOST_SURPLUS = 100;

    /**
     * Something stored.
     *
     * @param id letters, digits and underscores
     */
    record Entry(String id, long bytes) {
        public Entry {
            if (bytes < 0) {
                throw new IllegalArgumentException("an entry has 0 or more bytes but not " + bytes);
            }
        }
    }

    /** What a tenant may have. */
    record Bounds(int mostEntries, long mostBytes) {}

    /**
     * Enters something new.
     *
     * @param namespace as of records
     * @return the oldest entries, which have to go and to {@link #leave} before the bounds hold again; never the new one
     */
    Mono<List<Entry>> enter(String namespace, Entry entry, Duration timeToLive, Bounds bounds);

    /** It was removed. One that is not there is no error. */
    Mono<Void> leave(String namespace, Entry entry);
}
