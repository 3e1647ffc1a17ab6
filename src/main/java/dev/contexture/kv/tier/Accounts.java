package dev.contexture.kv.tier;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Who owns which values of the host tier, what that takes up, and what of it the remote tier lacks. All changes of a value go
 * through here, so that sums and orders always follow.
 */
final class Accounts {
    private final Map<Owner, OwnerAccount> accounts = new HashMap<>();
    private final int attentionTokens;
    private final long pinnedBytesMost;
    private final int lostMost;
    private long pinnedBytes;
    private int lostValues;
    private long turn = 1;

    Accounts(int attentionTokens, long pinnedBytesMost, int lostMost) {
        this.attentionTokens = attentionTokens;
        this.pinnedBytesMost = pinnedBytesMost;
        this.lostMost = lostMost;
    }

    long turn() {
        return turn;
    }

    long pinnedBytes() {
        return pinnedBytes;
    }

    long pinnedBytesMost() {
        return pinnedBytesMost;
    }

    int lostValues() {
        return lostValues;
    }

    Collection<OwnerAccount> all() {
        return accounts.values();
    }

    @Nullable
    OwnerAccount find(Owner owner) {
        return accounts.get(owner);
    }

    OwnerAccount open(Owner owner) {
        return accounts.computeIfAbsent(owner, OwnerAccount::new);
    }

    /** Values that came in the turn before may be evicted from now on. */
    void beginTurn(List<HostValue> arrived) {
        turn++;
        for (HostValue value : arrived) {
            list(value);
        }
    }

    void used(OwnerAccount account, double clock) {
        if (account.usedTurn != turn) {
            account.usedTurn = turn;
            account.uses = Math.min(EvictionPolicy.MOST_USES, account.uses + 1);
        }
        account.usedAt = clock;
    }

    /** The account owns the value too; the first to own it pays for it. Common property goes to the prefix cache. */
    void join(HostValue value, OwnerAccount account) {
        forgive(account, value.key());
        if (value.owners.contains(account)) {
            return;
        }
        if (value.owners.size() == HostValue.MOST_OWNERS) {
            OwnerAccount common = open(Owner.prefixCache(account.owner.namespace()));
            for (OwnerAccount owner : List.copyOf(value.owners)) {
                if (owner != common) {
                    leave(value, owner);
                }
            }
            add(value, common);
        } else {
            add(value, account);
        }
        closeIfEmpty(account);
    }

    /** The account's value could not even be kept. */
    void lost(OwnerAccount account, TierKey key) {
        lose(account, key);
    }

    private void add(HostValue value, OwnerAccount account) {
        if (!account.values.add(value)) {
            return;
        }
        value.owners.add(account);
        account.waitingValues += isWaiting(value) ? 1 : 0;
        if (value.copy == HostValue.Copy.GIVEN_UP) {
            lose(account, value.key());
        }
        if (value.owners.size() == 1) {
            attribute(value, 1);
            list(value);
        }
        if (account.pinned) {
            pin(value);
        }
    }

    /** The account owns the value no more; who joined next pays for it, if anybody. */
    void leave(HostValue value, OwnerAccount account) {
        unlist(value);
        boolean paid = value.payer() == account;
        if (paid) {
            attribute(value, -1);
        }
        value.owners.remove(account);
        account.values.remove(value);
        account.waitingValues -= isWaiting(value) ? 1 : 0;
        if (!value.owners.isEmpty()) {
            if (paid) {
                attribute(value, 1);
            }
            list(value);
        }
        if (value.pinned && value.owners.stream().noneMatch(owner -> owner.pinned)) {
            unpin(value);
        }
        closeIfEmpty(account);
    }

    void remove(HostValue value) {
        for (OwnerAccount owner : List.copyOf(value.owners)) {
            if (isWaiting(value)) {
                lose(owner, value.key());
            }
            leave(value, owner);
        }
    }

    /** Nothing of the owner is known any more; to be called when it owns no value. */
    void close(OwnerAccount account) {
        lostValues -= account.lost.size();
        account.lost.clear();
        account.lostTrack = false;
        account.pinned = false;
        closeIfEmpty(account);
    }

    private void closeIfEmpty(OwnerAccount account) {
        if (account.isEmpty()) {
            accounts.remove(account.owner);
        }
    }

    private void attribute(HostValue value, int sign) {
        OwnerAccount payer = value.payer();
        payer.occupiedBytes += sign * value.occupiedBytes;
        payer.attributedValues += sign;
        payer.recomputeCost += sign
                * EvictionPolicy.recomputeCost(
                        value.firstToken, value.name.form().tokens(), attentionTokens);
    }

    void setCopy(HostValue value, HostValue.Copy copy) {
        unlist(value);
        int before = isWaiting(value) ? 1 : 0;
        value.copy = copy;
        int after = isWaiting(value) ? 1 : 0;
        for (OwnerAccount owner : value.owners) {
            owner.waitingValues += after - before;
            if (copy == HostValue.Copy.GIVEN_UP) {
                lose(owner, value.key());
            } else {
                forgive(owner, value.key());
            }
        }
        list(value);
    }

    void addUser(HostValue value, int count) {
        unlist(value);
        value.users += count;
        list(value);
    }

    void loaded(HostValue value, long load) {
        unlist(value);
        value.loaded = load;
        list(value);
    }

    /** Pins as many of the account's values as the bound allows, in the reverse of the order in which they would go. */
    void pin(OwnerAccount account) {
        account.pinned = true;
        List<HostValue> values = new ArrayList<>(account.values);
        values.sort(EvictionPolicy.IN_SESSION.reversed());
        values.forEach(this::pin);
    }

    void unpin(OwnerAccount account) {
        account.pinned = false;
        for (HostValue value : account.values) {
            if (value.pinned && value.owners.stream().noneMatch(owner -> owner.pinned)) {
                unpin(value);
            }
        }
        closeIfEmpty(account);
    }

    private void pin(HostValue value) {
        if (!value.pinned && pinnedBytes + value.occupiedBytes <= pinnedBytesMost) {
            unlist(value);
            value.pinned = true;
            pinnedBytes += value.occupiedBytes;
        }
    }

    private void unpin(HostValue value) {
        value.pinned = false;
        pinnedBytes -= value.occupiedBytes;
        if (!value.owners.isEmpty()) {
            list(value);
        }
    }

    private void lose(OwnerAccount account, TierKey key) {
        if (account.lost.contains(key)) {
            return;
        }
        if (lostValues == lostMost) {
            account.lostTrack = true;
        } else {
            account.lost.add(key);
            lostValues++;
        }
    }

    private void forgive(OwnerAccount account, TierKey key) {
        if (account.lost.remove(key)) {
            lostValues--;
        }
    }

    private static boolean isWaiting(HostValue value) {
        return value.copy == HostValue.Copy.WAITING || value.copy == HostValue.Copy.WRITING;
    }

    private void list(HostValue value) {
        if (!value.removed && value.isEvictable() && value.arrivedTurn < turn) {
            value.payer().evictable.add(value);
        }
    }

    private static void unlist(HostValue value) {
        if (!value.owners.isEmpty()) {
            value.payer().evictable.remove(value);
        }
    }
}
