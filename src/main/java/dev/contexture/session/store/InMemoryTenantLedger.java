package dev.contexture.session.store;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import reactor.core.publisher.Mono;

/** A ledger of one process. Bounded as the records that it tells of are. */
public final class InMemoryTenantLedger implements TenantLedger {
    private final LongSupplier millis;
    private final Map<String, Account> accounts = new HashMap<>();

    /** A tenant's entries with their expiries, in the order in which they came. */
    private static final class Account {
        private final Map<Entry, Long> entries = new LinkedHashMap<>();
        private long bytes;

        private void add(Entry entry, long expires) {
            if (entries.put(entry, expires) == null) {
                bytes += entry.bytes();
            }
        }

        private void remove(Entry entry) {
            if (entries.remove(entry) != null) {
                bytes -= entry.bytes();
            }
        }

        private void removeExpired(long now) {
            entries.entrySet().stream()
                    .filter(entry -> entry.getValue() <= now)
                    .map(Map.Entry::getKey)
                    .toList()
                    .forEach(this::remove);
        }
    }

    /**
     * @param millis a clock that does not go back
     */
    public InMemoryTenantLedger(LongSupplier millis) {
        this.millis = millis;
    }

    @Override
    public Mono<List<Entry>> enter(String namespace, Entry entry, Duration timeToLive, Bounds bounds) {
        return Mono.fromSupplier(() -> {
            synchronized (accounts) {
                long now = millis.getAsLong();
                accounts.values().removeIf(account -> {
                    account.removeExpired(now);
                    return account.entries.isEmpty();
                });
                Account account = accounts.computeIfAbsent(namespace, any -> new Account());
                account.add(entry, now + timeToLive.toMillis());
                return surplus(account, entry, bounds);
            }
        });
    }

    private static List<Entry> surplus(Account account, Entry newest, Bounds bounds) {
        List<Entry> surplus = new ArrayList<>();
        int count = account.entries.size();
        long bytes = account.bytes;
        for (Entry oldest : account.entries.keySet()) {
            boolean holds = count <= bounds.mostEntries() && bytes <= bounds.mostBytes();
            if (holds || surplus.size() == MOST_SURPLUS || oldest.equals(newest)) {
                break;
            }
            surplus.add(oldest);
            count--;
            bytes -= oldest.bytes();
        }
        return surplus;
    }

    @Override
    public Mono<Void> leave(String namespace, Entry entry) {
        return Mono.fromRunnable(() -> {
            synchronized (accounts) {
                Account account = accounts.get(namespace);
                if (account != null) {
                    account.remove(entry);
                    if (account.entries.isEmpty()) {
                        accounts.remove(namespace);
                    }
                }
            }
        });
    }
}
