package dev.contexture.kv.tier;

import java.util.LinkedHashSet;
import java.util.Set;
import java.util.TreeSet;

/** What the host tier and the write queue know of an owner. Changed by {@link Accounts} only. */
final class OwnerAccount {
    final Owner owner;
    /** All values of which it is an owner. */
    final Set<HostValue> values = new LinkedHashSet<>();
    /** Those attributed to it that may be evicted, the first to go first. */
    final TreeSet<HostValue> evictable = new TreeSet<>(EvictionPolicy.IN_SESSION);
    /** Values that were given up and not put again since. */
    final Set<TierKey> lost = new LinkedHashSet<>();

    boolean pinned;
    long occupiedBytes;
    int attributedValues;
    int waitingValues;
    /** More were lost than could be remembered. */
    boolean lostTrack;

    /** Sum over the values attributed to it. */
    double recomputeCost;

    int uses;
    /** The policy's clock at the last use. */
    double usedAt;
    /** A turn counts as one use. */
    long usedTurn;

    OwnerAccount(Owner owner) {
        this.owner = owner;
    }

    boolean isEmpty() {
        return values.isEmpty() && lost.isEmpty() && !pinned && !lostTrack;
    }

    double worth() {
        return EvictionPolicy.worth(usedAt, uses, recomputeCost, occupiedBytes);
    }
}
