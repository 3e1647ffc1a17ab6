package dev.contexture.session.store;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/** Session records of one process, gone with it: for where there is no Redis. Bounded. */
public final class InMemorySessionRecords implements SessionRecords {
    private final int mostSessions;
    private final LongSupplier millis;
    private final Map<String, NavigableMap<String, Entry>> namespaces = new HashMap<>();
    private int sessions;

    private static final class Entry {
        private byte[] record;
        private long version = 1;
        private long expiresMillis;
        private long fence;
        private @Nullable String owner;
        private long leaseEndsMillis;

        private Entry(byte[] record, long expiresMillis) {
            this.record = record.clone();
            this.expiresMillis = expiresMillis;
        }

        private boolean isHeld(long now) {
            return owner != null && leaseEndsMillis > now;
        }

        /** One that has expired is still its owner's, until another takes it. */
        private boolean isHeldBy(Lease lease) {
            return lease.owner().equals(owner) && lease.fence() == fence;
        }
    }

    /**
     * @param mostSessions more are refused
     * @param millis a clock that does not go back
     */
    public InMemorySessionRecords(int mostSessions, LongSupplier millis) {
        this.mostSessions = mostSessions;
        this.millis = millis;
    }

    private <T> Mono<T> answer(Supplier<T> work) {
        return Mono.fromSupplier(() -> {
            synchronized (this) {
                return work.get();
            }
        });
    }

    private @Nullable Entry find(Key key, long now) {
        NavigableMap<String, Entry> ofNamespace = namespaces.get(key.namespace());
        Entry entry = ofNamespace == null ? null : ofNamespace.get(key.id());
        if (entry != null && entry.expiresMillis <= now) {
            remove(key);
            return null;
        }
        return entry;
    }

    private void remove(Key key) {
        NavigableMap<String, Entry> ofNamespace = namespaces.get(key.namespace());
        if (ofNamespace != null && ofNamespace.remove(key.id()) != null) {
            sessions--;
            if (ofNamespace.isEmpty()) {
                namespaces.remove(key.namespace());
            }
        }
    }

    private void removeExpired(long now) {
        namespaces.values().removeIf(ofNamespace -> {
            int before = ofNamespace.size();
            ofNamespace.values().removeIf(entry -> entry.expiresMillis <= now);
            sessions -= before - ofNamespace.size();
            return ofNamespace.isEmpty();
        });
    }

    @Override
    public Mono<Boolean> create(Key key, byte[] record, Duration timeToLive) {
        return answer(() -> {
            long now = millis.getAsLong();
            if (find(key, now) != null) {
                return false;
            }
            if (sessions >= mostSessions) {
                removeExpired(now);
            }
            if (sessions >= mostSessions) {
                throw new SessionStoreUnavailableException(
                        "there are " + sessions + " sessions already, the most that are kept without Redis", null);
            }
            namespaces
                    .computeIfAbsent(key.namespace(), any -> new TreeMap<>())
                    .put(key.id(), new Entry(record, now + timeToLive.toMillis()));
            sessions++;
            return true;
        });
    }

    @Override
    public Mono<Optional<Stored>> find(Key key) {
        return answer(() -> Optional.ofNullable(find(key, millis.getAsLong()))
                .map(entry -> new Stored(entry.record.clone(), entry.version)));
    }

    @Override
    public Mono<List<String>> list(String namespace, String after, int limit) {
        return answer(() -> {
            removeExpired(millis.getAsLong());
            NavigableMap<String, Entry> ofNamespace = namespaces.get(namespace);
            return ofNamespace == null
                    ? List.of()
                    : ofNamespace.tailMap(after, false).keySet().stream()
                            .limit(limit)
                            .toList();
        });
    }

    @Override
    public Mono<Acquired> acquire(Key key, String owner, Duration duration) {
        return answer(() -> {
            long now = millis.getAsLong();
            Entry entry = find(key, now);
            if (entry == null) {
                return new Acquired.NoSuchSession();
            }
            if (entry.isHeld(now)) {
                return new Acquired.HeldByOther(Duration.ofMillis(entry.leaseEndsMillis - now));
            }
            entry.owner = owner;
            entry.fence++;
            entry.leaseEndsMillis = now + duration.toMillis();
            return new Acquired.Granted(new Lease(key, owner, entry.fence));
        });
    }

    @Override
    public Mono<Boolean> renew(Lease lease, Duration duration) {
        return answer(() -> {
            long now = millis.getAsLong();
            Entry entry = find(lease.key(), now);
            if (entry == null || !entry.isHeldBy(lease)) {
                return false;
            }
            entry.leaseEndsMillis = now + duration.toMillis();
            return true;
        });
    }

    @Override
    public Mono<Void> release(Lease lease) {
        return answer(() -> {
                    long now = millis.getAsLong();
                    Entry entry = find(lease.key(), now);
                    if (entry != null && entry.isHeldBy(lease)) {
                        entry.owner = null;
                    }
                    return true;
                })
                .then();
    }

    @Override
    public Mono<Replaced> replace(Lease lease, byte[] record, Duration timeToLive) {
        return answer(() -> {
            long now = millis.getAsLong();
            Entry entry = find(lease.key(), now);
            if (entry == null) {
                return Replaced.NO_SUCH_SESSION;
            }
            if (!entry.isHeldBy(lease)) {
                return Replaced.NOT_OWNER;
            }
            entry.record = record.clone();
            entry.version++;
            entry.expiresMillis = now + timeToLive.toMillis();
            return Replaced.DONE;
        });
    }

    @Override
    public Mono<Boolean> delete(Key key) {
        return answer(() -> {
            boolean existed = find(key, millis.getAsLong()) != null;
            remove(key);
            return existed;
        });
    }
}
