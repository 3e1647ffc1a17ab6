package dev.contexture.scheduler;

import dev.contexture.kv.BlockSpan;
import dev.contexture.kv.tier.BlockPart;
import dev.contexture.kv.tier.TierUse;
import dev.contexture.scheduler.RestoreReport.Choice;
import java.util.List;

/**
 * Load or recompute: decides by estimates how a prompt's missing blocks come to the pool. Whether a tier behind host memory has
 * them is not known before it was asked; {@link Patience} bounds what a wrong guess costs.
 */
final class RestorePlanner {
    /** Where values come from far away, what is not read is worth some time: bandwidth is everyone's. */
    private static final int PARTIAL_WORTH = 2;
    /** Of a selection, what the next row's wants and this one's did not have (measured: 5 to 15 %). */
    private static final double NEW_PER_ROW = 0.1;
    /** By so much loading must be quicker: it takes processors from others, and an estimate may be wrong. */
    private static final double CLEARLY = 1.25;

    private final TrafficTools tools;

    RestorePlanner(TrafficTools tools) {
        this.tools = tools;
    }

    /**
     * @param blocks not empty
     */
    RestoreReport plan(BlockTraffic.RestoredSequence sequence, List<BlockSpan> blocks, TierUse use) {
        int from = blocks.getFirst().begin();
        int to = Math.max(from, Math.min(blocks.getLast().end(), sequence.length() - Promotion.LEAST_ROWS));
        int tokens = to - from;
        double remoteShare = remoteShare(sequence, blocks, use);
        long computeNanos = tools.gate().computeNanos(from, to);
        long wholeNanos = loadNanos(tokens * bytesPerToken(blocks.getFirst()), remoteShare);
        if (mayComeInPart(sequence, blocks, use)) {
            long partialNanos = partialNanos(sequence, blocks, use, remoteShare);
            int worth = remoteShare > 0 ? PARTIAL_WORTH : 1;
            if (partialNanos / worth <= wholeNanos && CLEARLY * partialNanos <= computeNanos) {
                return new RestoreReport(Choice.PARTIAL, tokens, partialNanos, computeNanos);
            }
        }
        boolean quicker = wholeNanos == 0 || wholeNanos * CLEARLY <= computeNanos;
        Choice choice = quicker ? Choice.WHOLE : Choice.RECOMPUTE;
        return new RestoreReport(choice, tokens, wholeNanos, computeNanos);
    }

    /** Whether the blocks of a prompt that waits would be worth loading from behind host memory. */
    boolean expectsWhole(List<BlockSpan> blocks) {
        if (blocks.isEmpty()) {
            return false;
        }
        int tokens = blocks.getLast().end() - blocks.getFirst().begin();
        return CLEARLY * loadNanos(tokens * bytesPerToken(blocks.getFirst()), 1)
                <= tools.gate()
                        .computeNanos(
                                blocks.getFirst().begin(), blocks.getLast().end());
    }

    /** Whether a prompt that waits looks like a session that will come back in part. */
    boolean expectsPart(List<BlockSpan> blocks, TierUse use) {
        TrafficSettings.Partial settings = tools.settings().partial();
        return settings.residencyTokens() > 0
                && use.storesApproximate()
                && tools.coder().index().isPresent()
                && use.resumeTokens() > settings.residencyTokens()
                && !blocks.isEmpty()
                && blocks.getLast().end() - use.resumeTokens() <= settings.messageTokens();
    }

    private boolean mayComeInPart(BlockTraffic.RestoredSequence sequence, List<BlockSpan> blocks, TierUse use) {
        TrafficSettings.Partial settings = tools.settings().partial();
        return settings.residencyTokens() > 0
                && use.storesApproximate()
                && sequence.takesApproximate()
                && sequence.length() - use.resumeTokens() <= settings.messageTokens()
                && !PartialPromotion.possibleLasts(sequence, blocks, use).isEmpty();
    }

    private long loadNanos(double bytes, double remoteShare) {
        return tools.gate().loadNanos((long) (bytes * (1 - remoteShare)), (long) (bytes * remoteShare));
    }

    private long stepNanos(double bytes, double remoteShare) {
        return tools.gate().stepNanos((long) (bytes * (1 - remoteShare)), (long) (bytes * remoteShare));
    }

    /**
     * The index, the first selection, a row at a time what it selects anew, and what rows cost more than a chunk of them; {@link
     * Long#MAX_VALUE} if steps would wait for long.
     */
    private long partialNanos(
            BlockTraffic.RestoredSequence sequence, List<BlockSpan> blocks, TierUse use, double remoteShare) {
        BlockSpan first = blocks.getFirst();
        double indexBytes = tools.coder()
                .index()
                .map(index -> perToken(index, first) * (blocks.getLast().end() - first.begin()))
                .orElse(0.0);
        double selectionBytes = (bytesPerToken(first)
                        - tools.coder()
                                .index()
                                .map(index -> perToken(index, first))
                                .orElse(0.0))
                * tools.settings().partial().residencyTokens();
        long indexNanos = loadNanos(indexBytes, remoteShare);
        long selectionNanos = stepNanos(selectionBytes, remoteShare);
        long rowNanos = stepNanos(selectionBytes * NEW_PER_ROW, remoteShare);
        if (indexNanos == Long.MAX_VALUE
                || rowNanos > tools.settings().partial().longestStepNanos()) {
            return Long.MAX_VALUE;
        }
        int rows = Math.max(1, sequence.length() - use.resumeTokens());
        int chunks = Math.ceilDiv(rows, tools.settings().partial().chunkTokens());
        return indexNanos + selectionNanos + (chunks - 1) * rowNanos + singlyNanos(sequence.length(), rows);
    }

    /** What the last rows cost more if they are computed one by one; 0 if they are not, or that is not known. */
    private long singlyNanos(int length, int rows) {
        long together = tools.gate().computeNanos(length - rows, length);
        return tools.settings().partial().chunkTokens() > 1 || together == Long.MAX_VALUE
                ? 0
                : Math.max(0, rows * tools.gate().rowNanos() - together);
    }

    private double bytesPerToken(BlockSpan block) {
        return tools.coder().parts().stream()
                .mapToDouble(part -> perToken(part, block))
                .sum();
    }

    private double perToken(BlockPart part, BlockSpan block) {
        return (double) tools.coder().bytes(part, block.tokens()) / block.tokens();
    }

    /** Of the blocks, those that are not in host memory. */
    private double remoteShare(BlockTraffic.RestoredSequence sequence, List<BlockSpan> blocks, TierUse use) {
        long there =
                blocks.stream().filter(block -> isNear(sequence, block, use)).count();
        return 1 - (double) there / blocks.size();
    }

    /** Whether host memory has it; one part speaks for a block. */
    boolean isNear(BlockTraffic.RestoredSequence sequence, BlockSpan block, TierUse use) {
        BlockPart part = tools.coder().parts().getFirst();
        boolean lineage = use.storesApproximate() && sequence.takesApproximate();
        return tools.store().isNear(use.key(use.name(block.key(), true), part))
                || (lineage && tools.store().isNear(use.key(use.name(block.key(), false), part)));
    }
}
