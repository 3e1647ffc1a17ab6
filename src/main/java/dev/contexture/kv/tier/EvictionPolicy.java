package dev.contexture.kv.tier;

import java.util.Comparator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Who gives memory up, and in which order. Arithmetic only.
 *
 * <p>A session with a hole is worth little, so the question is put twice. <i>Which session?</i> First one that holds more than its
 * share: a giant session must not wash the others out. Else the one of least worth, which is drained before the next: clock
 * at its last use + uses × cost of computing it again / bytes (GreedyDual-Size with frequency: Cao and Irani, USITS 1997;
 * Cherkasova, HPL-98-69). The clock is the worth of the last session that gave something up, so what is not used ages without
 * anything being counted down.
 *
 * <p><i>Which of its values?</i> The index last, as without it nothing of the session can be chosen. Rows that no step has
 * loaded before those that one has, which go in the order of their last load. Rows never loaded go from the session's end:
 * a prefix is of use from its beginning on, as far as it has no hole. That the end costs more to compute again, its attention being
 * longer, counts between sessions only.
 *
 * <p>Rejected: one order over all values (LRU, TinyLFU): it takes a bit of every session, the index included.
 */
final class EvictionPolicy {
    /** More uses than so many say nothing more. */
    static final int MOST_USES = 16;

    /** The first of a session's values to go comes first; total, as no two values have the same key. */
    static final Comparator<HostValue> IN_SESSION = Comparator.comparing(HostValue::isIndex)
            .thenComparingLong(value -> value.loaded)
            .thenComparing(Comparator.comparingInt((HostValue value) -> value.firstToken)
                    .reversed())
            .thenComparingLong(value -> value.key().hashHigh())
            .thenComparingLong(value -> value.key().hashLow())
            .thenComparingInt(EvictionPolicy::part)
            .thenComparing(value -> value.key().scope().fingerprint())
            .thenComparing(value -> value.key().scope().namespace());

    private EvictionPolicy() {}

    private static int part(HostValue value) {
        return switch (value.key().part()) {
            case BlockPart.Index index -> 0;
            case BlockPart.Carry carry -> 1;
            case BlockPart.Rows rows -> 2 + 256 * rows.layerGroup() + rows.kvHead();
        };
    }

    /**
     * Of a block, in units of what a token without context costs.
     *
     * @param attentionTokens context that costs as much to attend to as the rest of a token's work
     */
    static double recomputeCost(int firstToken, int tokens, int attentionTokens) {
        return tokens * (1 + (firstToken + tokens / 2.0) / attentionTokens);
    }

    static double worth(double usedAt, int uses, double recomputeCost, long bytes) {
        return bytes == 0 ? usedAt : usedAt + uses * recomputeCost / bytes;
    }

    /**
     * The session that gives memory up next.
     *
     * @param candidates those that have something to give
     * @param shareBytes what a session may hold and still be spared in its turn
     * @return null if there is none
     */
    static @Nullable OwnerAccount next(Stream<OwnerAccount> candidates, long shareBytes) {
        return candidates
                .min(Comparator.comparingLong(
                                (OwnerAccount account) -> -Math.max(0, account.occupiedBytes - shareBytes))
                        .thenComparingDouble(OwnerAccount::worth)
                        .thenComparingLong(account -> account.usedTurn))
                .orElse(null);
    }
}
