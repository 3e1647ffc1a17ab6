package dev.contexture.kv.tier;

import dev.contexture.kv.PrefixKey;

/**
 * Whose stored blocks a sequence may go on from, and to whom those that it leaves are attributed.
 *
 * @param session for the books; empty where there is none
 * @param lineage shared by sessions that were forked from one another: blocks that were computed by attending to selections
 *     are theirs alone. Empty where there is no session: such blocks are not stored
 * @param resumeTokens tokens that a session has from earlier turns: it was last left at a block's end before them; 0 where
 *     there is no session
 */
public record TierUse(Scope scope, String session, String lineage, int resumeTokens) {
    public boolean storesApproximate() {
        return !lineage.isEmpty();
    }

    public Owner owner() {
        return new Owner(scope.namespace(), session);
    }

    /** What a block is stored as: exact blocks are everyone's in the scope. */
    public PrefixKey name(PrefixKey block, boolean exact) {
        return exact ? block : block.salted(lineage);
    }

    /**
     * @param name as {@link #name} gave it
     */
    public TierKey key(PrefixKey name, BlockPart part) {
        return new TierKey(scope, name.high(), name.low(), part);
    }
}
