package dev.contexture.split;

import dev.contexture.kv.BlockCutter;
import java.util.Arrays;
import java.util.function.IntConsumer;

/**
 * DD-Select's segmentation of one sequence: each block ends behind the delimiter, at most Δ from its ideal end, whose weight
 * less a price for the distance is highest; where there is none, at the ideal end.
 */
final class Segmenter implements BlockCutter {
    /*
     * An end is told once no token to come can change it: at the latest when Δ tokens behind the ideal end are known, or
     * as soon as a delimiter is found that the heaviest one at the next place would not beat. So an end depends on the tokens
     * up to b + C + Δ alone, where b is its block's begin, and chunks do not matter. The next block begins up to 2Δ tokens
     * before the newest one; their weights are kept, and looked at again, which costs 2Δ per block of at least C - Δ.
     */
    private static final double NO_DELIMITER = Double.NEGATIVE_INFINITY;

    private final int blockTokens;
    private final int slackTokens;
    private final double pricePerToken;
    private final TokenClasses classes;
    private final DelimiterWeights weights;
    private final KindTracker kinds;
    /** Weight of the token at each of the last positions, by position modulo length. */
    private final double[] recent;

    private int seen;
    private int begin;
    /** Where the block might end: all places up to this one have been looked at. */
    private int examined;

    private int bestEnd;
    private double best = NO_DELIMITER;

    Segmenter(
            SplitSettings settings,
            double distanceWeight,
            TokenClasses classes,
            DelimiterWeights weights,
            KindTracker kinds) {
        this.blockTokens = settings.blockTokens();
        this.slackTokens = settings.slackTokens();
        this.pricePerToken = slackTokens == 0 ? 0 : distanceWeight / slackTokens;
        this.classes = classes;
        this.weights = weights;
        this.kinds = kinds;
        this.recent = new double[2 * slackTokens + 1];
        Arrays.fill(recent, NO_DELIMITER);
    }

    @Override
    public void accept(int[] tokens, int from, int to, IntConsumer ends) {
        for (int i = from; i < to; i++) {
            recent[seen % recent.length] = weightOf(tokens[i]);
            seen++;
            while (examined < seen) {
                examined++;
                examine();
                if (isCertain()) {
                    cut();
                    ends.accept(begin);
                }
            }
        }
    }

    private double weightOf(int token) {
        kinds.accept(classes.shape(token));
        DelimiterType type = classes.type(token);
        return type == DelimiterType.NONE ? NO_DELIMITER : weights.of(kinds.kind(), type);
    }

    /** How far behind the ideal end the examined place is; negative before it. */
    private int offset() {
        return examined - begin - blockTokens;
    }

    private void examine() {
        if (offset() >= -slackTokens) {
            double value = recent[(examined - 1) % recent.length] - pricePerToken * Math.abs(offset());
            if (value > best) {
                best = value;
                bestEnd = examined;
            }
        }
    }

    private boolean isCertain() {
        return offset() == slackTokens || best >= weights.highest() - pricePerToken * Math.max(0, offset() + 1);
    }

    private void cut() {
        begin = best == NO_DELIMITER ? begin + blockTokens : bestEnd;
        examined = begin;
        best = NO_DELIMITER;
    }
}
