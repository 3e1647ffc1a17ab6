package dev.contexture.scheduler;

import dev.contexture.kv.KnownBlock;
import dev.contexture.kv.tier.Owner;
import dev.contexture.kv.tier.TierUse;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Blocks that wait to be stored, bounded. Those of sessions come first, and take the places of the others: somebody has said that there will be a next
 * turn. Within each kind it is first come, first stored.
 */
final class LeavingBlocks {
    private final Deque<Leaving> ofSessions = new ArrayDeque<>();
    private final Deque<Leaving> ofNobody = new ArrayDeque<>();
    private final int most;

    /** A block, and what it was used by. */
    record Leaving(KnownBlock block, TierUse use) {}

    /**
     * @param most of both kinds
     */
    LeavingBlocks(int most) {
        this.most = most;
    }

    /**
     * @return what there is no room for: this block, or one in its place
     */
    Optional<Leaving> add(Leaving block) {
        boolean isFull = ofSessions.size() + ofNobody.size() >= most;
        boolean ofSession = block.use.owner().isSession();
        if (isFull && (!ofSession || ofNobody.isEmpty())) {
            return Optional.of(block);
        }
        (ofSession ? ofSessions : ofNobody).add(block);
        return isFull ? Optional.of(ofNobody.removeLast()) : Optional.empty();
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
}
