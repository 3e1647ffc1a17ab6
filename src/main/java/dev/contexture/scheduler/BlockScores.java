package dev.contexture.scheduler;

import dev.contexture.core.SelectionMatrix;
import dev.contexture.kv.KnownBlock;
import dev.contexture.kv.tier.Owner;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * How much of what a session's last step chose lies in each of its blocks: the share of layer groups and KV heads whose
 * selection named a token of it. For people who look at a session; of so many sessions that were used last.
 */
public final class BlockScores {
    private static final int MOST_SESSIONS = 1024;

    private final LinkedHashMap<Owner, Map<Integer, Double>> scores = new LinkedHashMap<>(16, 0.75f, true);

    void note(Owner owner, List<KnownBlock> blocks, SelectionMatrix selection) {
        int lists = selection.groups() * selection.kvHeads();
        Map<Integer, Double> shares = new HashMap<>();
        for (KnownBlock block : blocks) {
            int naming = 0;
            for (int list = 0; list < lists; list++) {
                naming += names(
                                selection,
                                list,
                                block.span().begin(),
                                block.span().end())
                        ? 1
                        : 0;
            }
            shares.put(block.span().begin(), (double) naming / lists);
        }
        scores.put(owner, shares);
        if (scores.size() > MOST_SESSIONS) {
            scores.remove(scores.firstEntry().getKey());
        }
    }

    private static boolean names(SelectionMatrix selection, int list, int begin, int end) {
        int from = list * selection.stride();
        for (int i = from; i < from + selection.counts()[list]; i++) {
            int position = selection.positions()[i];
            if (position >= begin && position < end) {
                return true;
            }
        }
        return false;
    }

    /**
     * @param begin first token of a block
     * @return empty if nothing is known, or the last step attended to everything
     */
    public OptionalDouble of(Owner owner, int begin) {
        Double score = scores.getOrDefault(owner, Map.of()).get(begin);
        return score == null ? OptionalDouble.empty() : OptionalDouble.of(score);
    }
}
