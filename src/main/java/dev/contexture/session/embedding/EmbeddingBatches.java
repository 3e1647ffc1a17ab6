package dev.contexture.session.embedding;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** Which inputs are computed together: neighbours in length, so that little is padding. */
final class EmbeddingBatches {
    private EmbeddingBatches() {}

    /**
     * Batches of indices, longest inputs first, so that the last runs, in which processors wait for one another, are short.
     *
     * @param lengths tokens of each input
     * @param mostTokens of a batch, padding included; an input that is longer is a batch of its own
     * @param mostInputs of a batch
     */
    static List<int[]> of(int[] lengths, int mostTokens, int mostInputs) {
        List<Integer> order = IntStream.range(0, lengths.length)
                .boxed()
                .sorted(Comparator.comparingInt((Integer i) -> lengths[i]).reversed())
                .toList();
        List<int[]> batches = new ArrayList<>();
        int from = 0;
        while (from < order.size()) {
            int room = Math.clamp(mostTokens / lengths[order.get(from)], 1, mostInputs);
            int to = Math.min(order.size(), from + room);
            batches.add(
                    order.subList(from, to).stream().mapToInt(Integer::intValue).toArray());
            from = to;
        }
        return batches;
    }
}
