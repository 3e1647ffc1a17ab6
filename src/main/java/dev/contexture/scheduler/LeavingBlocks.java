package dev.contexture.scheduler;

import dev.contexture.kv.KnownBlock;
import dev.contexture.kv.tier.Owner;
import dev.contexture.kv.tier.TierUse;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Predicate;

/**
 * Blocks that wait to be stored. Those of sessions come first: somebody has said that there will be a next turn. Each kind is bounded, and first come, first
 * stored.
 */
final class LeavingBlocks {
    private final Deque<Leaving> ofSessions = new ArrayDeque<>();
    private final Deque<Leaving> ofNobody = new ArrayDeque<>();
    private final int most;

    /** A block, and what it was used by. */
    record Leaving(KnownBlock block, TierUse use) {}

    /**
     * @param most of either kind
     */
    LeavingBlocks(int most) {
        this.most = most;
    }

    /**
     * @return false: there is no room
     */
    boolean add(Leaving block) {
        Deque<Leaving> kind = block.use.owner().isSession() ? ofSessions : ofNobody;
        return kind.size() < most && kind.add(block);
    }

    boolean isEmpty() {
        return ofSessions.isEmpty() && ofNobody.isEmpty();
    }

    /**
     * @throws java.util.NoSuchElementException if there is none
     */
    Leaving next() {
        return ofSessions.isEmpty() ? ofNobody.removeFirst() : ofSessions.removeFirst();
    }

    void removeOf(Predicate<Owner> owner) {
        ofSessions.removeIf(left -> owner.test(left.use.owner()));
        ofNobody.removeIf(left -> owner.test(left.use.owner()));
    }

    /**
     * @return how many there were
     */
    int clear() {
        int count = ofSessions.size() + ofNobody.size();
        ofSessions.clear();
        ofNobody.clear();
        return count;
    }
}
