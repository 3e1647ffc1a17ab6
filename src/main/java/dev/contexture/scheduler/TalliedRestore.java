package dev.contexture.scheduler;

import dev.contexture.kv.BlockSpan;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** Counts what comes back by the tier that it lay in when the restore began: what was fetched for a queued request is near. Blocks come in order. */
final class TalliedRestore implements BlockTraffic.Restore {
    private final Supplier<Turn> turns;
    private final RestoreReport plan;
    private final List<BlockSpan> blocks;
    private final BitSet near;
    private int tokens;

    /**
     * @param near which of the blocks host memory had
     */
    TalliedRestore(Supplier<Turn> turns, RestoreReport plan, List<BlockSpan> blocks, BitSet near) {
        this.turns = turns;
        this.plan = plan;
        this.blocks = blocks;
        this.near = near;
    }

    @Override
    public Turn turn() {
        Turn turn = turns.get();
        tokens += turn.tokens();
        return turn;
    }

    @Override
    public Optional<RestoreReport> report() {
        int host = 0;
        int left = tokens;
        for (int i = 0; i < blocks.size() && left > 0; i++) {
            int taken = Math.min(left, blocks.get(i).tokens());
            host += near.get(i) ? taken : 0;
            left -= taken;
        }
        return Optional.of(plan.came(host, tokens - host));
    }
}
