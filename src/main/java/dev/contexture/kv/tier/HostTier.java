package dev.contexture.kv.tier;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Values in host memory: found by key, attributed to owners, evicted by {@link EvictionPolicy}. Used by one thread only. */
final class HostTier {
    /** Most values that one new value may push out; the next one goes on where this one stopped. */
    private static final int EVICTIONS_MOST = 1_024;

    private final UnitMemory memory;
    private final Accounts accounts;
    private final long lowBytes;
    private final long highBytes;
    private final long shareBytes;
    private final Map<TierKey, HostValue> values = new HashMap<>();
    private final List<HostValue> arrived = new ArrayList<>();
    private double clock;
    private long loads;
    private long demotedValues;
    private long lostValues;
    private long valueBytes;
    private long leavingBytes;

    /**
     * @param memory which is used from its beginning on, as far as needed; not closed here
     * @param lostMost keys of lost values to remember
     */
    HostTier(MemorySegment memory, HostSettings settings, int lostMost) {
        this.memory = new UnitMemory(memory, settings.unitBytes());
        long limit = this.memory.limitBytes();
        this.lowBytes = (long) (settings.lowWatermark() * limit);
        this.highBytes = (long) (settings.highWatermark() * limit);
        this.shareBytes = (long) (settings.sessionShare() * limit);
        this.accounts = new Accounts(settings.attentionTokens(), (long) (settings.pinnedShare() * limit), lostMost);
    }

    Accounts accounts() {
        return accounts;
    }

    @Nullable
    HostValue find(TierKey key) {
        return values.get(key);
    }

    void beginTurn() {
        accounts.beginTurn(arrived);
        arrived.clear();
    }

    /**
     * Puts a value that is not here yet.
     *
     * @return null if there is no room for it
     */
    @Nullable
    HostValue add(
            StoredName name, int firstToken, MemorySegment payload, int checksum, Owner owner, HostValue.Copy copy) {
        if (values.containsKey(name.key())) {
            throw new IllegalStateException(name.key() + " is in host memory already");
        }
        long occupied = memory.occupiedBytes(payload.byteSize());
        OwnerAccount known = accounts.find(owner);
        if (!makeRoom(known, occupied)) {
            return null;
        }
        OwnerAccount account = accounts.open(owner);
        accounts.used(account, clock);
        HostValue value = new HostValue(
                name,
                firstToken,
                (int) payload.byteSize(),
                occupied,
                checksum,
                memory.write(payload),
                accounts.turn(),
                copy);
        values.put(name.key(), value);
        valueBytes += value.bytes;
        arrived.add(value);
        accounts.join(value, account);
        return value;
    }

    /** The owner uses the value. */
    void use(HostValue value, Owner owner) {
        OwnerAccount account = accounts.open(owner);
        accounts.used(account, clock);
        accounts.join(value, account);
    }

    /** One who uses it more: until {@link #release} it stays where it is. */
    void retain(HostValue value) {
        accounts.addUser(value, 1);
    }

    void release(HostValue value) {
        if (value.users == 0) {
            throw new IllegalStateException(value.key() + " is released but nobody uses it");
        }
        if (value.removed) {
            value.users--;
            freeIfUnused(value);
        } else {
            accounts.addUser(value, -1);
        }
    }

    /**
     * Copies a value out.
     *
     * @param target of its size
     * @return whether it is still what was put
     */
    boolean read(HostValue value, MemorySegment target) {
        copy(value, target);
        if (!value.removed) {
            accounts.loaded(value, ++loads);
        }
        return CheckedPayload.checksumOf(target.asByteBuffer()) == value.checksum;
    }

    /** The value behind its checksum, which is left to others to compare. */
    CheckedPayload checked(HostValue value) {
        byte[] bytes = new byte[StoredHeader.CHECKSUM_BYTES + value.bytes];
        ByteBuffer.wrap(bytes).putInt(value.checksum);
        copy(value, MemorySegment.ofArray(bytes).asSlice(StoredHeader.CHECKSUM_BYTES));
        return new CheckedPayload(bytes);
    }

    private void copy(HostValue value, MemorySegment target) {
        if (target.byteSize() != value.bytes) {
            throw new IllegalArgumentException(
                    "a value of " + value.bytes + " bytes is read into " + target.byteSize());
        }
        memory.read(value.firstUnit, target);
    }

    /** The value is found no more; its memory is free once nobody uses it. */
    void remove(HostValue value) {
        if (value.removed) {
            return;
        }
        values.remove(value.key());
        valueBytes -= value.bytes;
        accounts.remove(value);
        value.removed = true;
        leavingBytes += value.occupiedBytes;
        freeIfUnused(value);
    }

    private void freeIfUnused(HostValue value) {
        if (value.users == 0) {
            memory.free(value.firstUnit);
            leavingBytes -= value.occupiedBytes;
        }
    }

    /**
     * Takes away what only the owner owns, and the rest from the owner.
     *
     * @return what is no longer here
     */
    List<HostValue> erase(Owner owner) {
        OwnerAccount account = accounts.find(owner);
        if (account == null) {
            return List.of();
        }
        List<HostValue> removed = new ArrayList<>();
        for (HostValue value : List.copyOf(account.values)) {
            if (value.owners.size() == 1) {
                removed.add(value);
                remove(value);
            } else {
                accounts.leave(value, account);
            }
        }
        accounts.close(account);
        return removed;
    }

    /** Takes away everything of the owners for whom the test holds. */
    void eraseAll(Predicate<Owner> test) {
        for (OwnerAccount account : List.copyOf(accounts.all())) {
            if (test.test(account.owner)) {
                erase(account.owner);
            }
        }
    }

    /** The owner put it, but it is not here. */
    void lost(Owner owner, TierKey key) {
        accounts.lost(accounts.open(owner), key);
    }

    TierStats.Usage usage(OwnerAccount account) {
        return new TierStats.Usage(account.occupiedBytes, account.attributedValues);
    }

    /** Free memory below the high watermark is anybody's. Beyond it somebody has to give some up. */
    private boolean makeRoom(@Nullable OwnerAccount account, long bytes) {
        long held = account == null ? 0 : account.occupiedBytes;
        if (memory.usedBytes() + bytes <= highBytes) {
            return true;
        }
        if (held + bytes > shareBytes) {
            if (account != null) {
                evict(account, highBytes - bytes);
            }
            return memory.usedBytes() + bytes <= highBytes;
        }
        evict(lowBytes - bytes);
        return bytes <= memory.freeBytes();
    }

    private void evict(long targetBytes) {
        int evictions = 0;
        while (memory.usedBytes() > targetBytes && evictions < EVICTIONS_MOST) {
            OwnerAccount victim = EvictionPolicy.next(
                    accounts.all().stream().filter(account -> !account.evictable.isEmpty()), shareBytes);
            if (victim == null) {
                return;
            }
            boolean giant = victim.occupiedBytes > shareBytes;
            if (!giant) {
                clock = Math.max(clock, victim.worth());
            }
            do {
                evictFirst(victim);
                evictions++;
            } while (memory.usedBytes() > targetBytes
                    && evictions < EVICTIONS_MOST
                    && !victim.evictable.isEmpty()
                    && giant == victim.occupiedBytes > shareBytes);
        }
    }

    private void evict(OwnerAccount account, long targetBytes) {
        for (int evictions = 0;
                memory.usedBytes() > targetBytes && evictions < EVICTIONS_MOST && !account.evictable.isEmpty();
                evictions++) {
            evictFirst(account);
        }
    }

    private void evictFirst(OwnerAccount account) {
        HostValue value = account.evictable.getFirst();
        if (value.copy == HostValue.Copy.HELD) {
            demotedValues++;
        } else {
            lostValues++;
        }
        remove(value);
    }

    /** What is not found any more but still in use. */
    long leavingBytes() {
        return leavingBytes;
    }

    Collection<HostValue> values() {
        return values.values();
    }

    TierStats.Host figures() {
        return new TierStats.Host(
                memory.limitBytes(),
                memory.usedBytes(),
                valueBytes,
                values.size(),
                accounts.pinnedBytes(),
                demotedValues,
                lostValues);
    }
}
