package dev.contexture.kv.tier;

import dev.contexture.kv.PrefixKey;

/**
 * Whose stored blocks a sequence may go on from, and to whom those that it leaves are attributed.
 *
 * @param session for the books; empty where there is none
 * @param lineage shared by sessions that were forked from one another: blocks that were computed by attending to selections
 *     are theirs alone. Empty where there is no session: such blocks are not stored
 */
public record TierUse(Scope scope, String session, String lineage) {
    public boolean storesApproximate() {
        return !lineage.isEmpty();
    }

    /** The name of a block's part: exact blocks are everyone's in the scope. */
    public TierKey key(PrefixKey block, boolean exact, BlockPart part) {
        PrefixKey name = exact ? block : block.salted(lineage);
        return new TierKey(scope, name.high(), name.low(), part);
    }
}
