package dev.contexture.kv.tier;

import java.util.ArrayList;
import java.util.List;

/** A value in host memory. What its owners' sums depend on is changed by {@link Accounts} only. */
final class HostValue {
    /** Whether the remote tier has it too. */
    enum Copy {
        /** It waits to be written, or to be written again. */
        WAITING,
        WRITING,
        HELD,
        /** It could not be written: gone for good when it goes from here. */
        GIVEN_UP
    }

    /** Beyond so many owners a value is common property. */
    static final int MOST_OWNERS = 8;

    final StoredName name;
    final int firstToken;
    final int bytes;
    final long occupiedBytes;
    final int checksum;
    final int firstUnit;
    /** The first one is who the bytes are attributed to. */
    final List<OwnerAccount> owners = new ArrayList<>(1);
    /** Turn in which it came here. */
    final long arrivedTurn;

    Copy copy;
    /** Jobs and readers that use it now. */
    int users;
    /** Its session is pinned, and the bound for that had room for it. */
    boolean pinned;
    /** Grows with every load; 0: never loaded from here. */
    long loaded;

    boolean removed;

    int writeAttempts;
    long waitingSinceNanos;

    HostValue(
            StoredName name,
            int firstToken,
            int bytes,
            long occupiedBytes,
            int checksum,
            int firstUnit,
            long arrivedTurn,
            Copy copy) {
        this.name = name;
        this.firstToken = firstToken;
        this.bytes = bytes;
        this.occupiedBytes = occupiedBytes;
        this.checksum = checksum;
        this.firstUnit = firstUnit;
        this.arrivedTurn = arrivedTurn;
        this.copy = copy;
    }

    TierKey key() {
        return name.key();
    }

    OwnerAccount payer() {
        return owners.getFirst();
    }

    boolean isIndex() {
        return !(key().part() instanceof BlockPart.Rows);
    }

    /** Whether nothing but its arrival in this turn keeps it here. */
    boolean isEvictable() {
        return users == 0 && !pinned && (copy == Copy.HELD || copy == Copy.GIVEN_UP);
    }
}
