package dev.contexture.kv.tier;

import java.util.ArrayList;
import java.util.List;

/** What must hold between two calls. */
final class StoreInvariants {
    private StoreInvariants() {}

    /** Every violation, in words; empty when the state is sound. */
    static List<String> check(HostTier host, WriteQueue writes, LoadQueue loads) {
        List<String> violations = new ArrayList<>();
        checkSums(host, violations);
        host.accounts().all().forEach(account -> checkAccount(account, host, violations));
        host.values().forEach(value -> checkValue(value, violations));
        long unwritten = writes.unwritten().mapToLong(value -> value.bytes).sum();
        equal(unwritten, writes.unwrittenBytes(), "bytes that wait to be written", violations);
        atMost(unwritten, writes.unwrittenBytesMost(), "bytes that wait to be written", violations);
        atMost(loads.waitingValues(), loads.size(), "values that wait to be asked for", violations);
        return violations;
    }

    private static void checkSums(HostTier host, List<String> violations) {
        TierStats.Host figures = host.figures();
        long occupied =
                host.values().stream().mapToLong(value -> value.occupiedBytes).sum();
        long pinned = host.values().stream()
                .filter(value -> value.pinned)
                .mapToLong(value -> value.occupiedBytes)
                .sum();
        long attributed = host.accounts().all().stream()
                .mapToLong(account -> account.occupiedBytes)
                .sum();
        long lost = host.accounts().all().stream()
                .mapToLong(account -> account.lost.size())
                .sum();
        equal(occupied + host.leavingBytes(), figures.occupiedBytes(), "occupied bytes", violations);
        atMost(figures.occupiedBytes(), figures.limitBytes(), "occupied bytes", violations);
        equal(occupied, attributed, "attributed bytes", violations);
        equal(pinned, figures.pinnedBytes(), "pinned bytes", violations);
        atMost(pinned, host.accounts().pinnedBytesMost(), "pinned bytes", violations);
        equal(lost, host.accounts().lostValues(), "lost values", violations);
    }

    private static void checkAccount(OwnerAccount account, HostTier host, List<String> violations) {
        String whose = " of " + account.owner;
        List<HostValue> paid = account.values.stream()
                .filter(value -> value.payer() == account)
                .toList();
        equal(
                paid.stream().mapToLong(value -> value.occupiedBytes).sum(),
                account.occupiedBytes,
                "attributed bytes" + whose,
                violations);
        equal(paid.size(), account.attributedValues, "attributed values" + whose, violations);
        equal(
                account.values.stream()
                        .filter(value -> value.copy == HostValue.Copy.WAITING || value.copy == HostValue.Copy.WRITING)
                        .count(),
                account.waitingValues,
                "waiting values" + whose,
                violations);
        equal(
                paid.stream()
                        .filter(value -> value.isEvictable()
                                && value.arrivedTurn < host.accounts().turn())
                        .count(),
                account.evictable.size(),
                "evictable values" + whose,
                violations);
        for (HostValue value : account.values) {
            if (host.find(value.key()) != value) {
                violations.add(value.key() + whose + " is not in host memory");
            }
        }
        if (account.isEmpty()) {
            violations.add("the account" + whose + " is empty");
        }
    }

    private static void checkValue(HostValue value, List<String> violations) {
        if (value.owners.isEmpty() || value.owners.size() > HostValue.MOST_OWNERS) {
            violations.add(value.key() + " has " + value.owners.size() + " owners");
        }
        if (value.removed || value.users < 0) {
            violations.add(value.key() + " is removed: " + value.removed + ", users: " + value.users);
        }
        for (OwnerAccount owner : value.owners) {
            if (!owner.values.contains(value)) {
                violations.add(owner.owner + " does not know " + value.key());
            }
        }
    }

    private static void equal(long counted, long kept, String what, List<String> violations) {
        if (counted != kept) {
            violations.add(what + " are " + counted + " but the sum says " + kept);
        }
    }

    private static void atMost(long value, long most, String what, List<String> violations) {
        if (value > most) {
            violations.add(what + " are " + value + " but may be " + most);
        }
    }
}
