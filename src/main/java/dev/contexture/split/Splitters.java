package dev.contexture.split;

import dev.contexture.kv.BlockCutter;
import java.util.function.Supplier;

/** From settings to what cuts sequences into blocks. */
public final class Splitters {
    private Splitters() {}

    /**
     * @param classes of the tokens that will be cut; asked for only if the mode reads tokens
     */
    public static BlockCutter.Factory of(SplitSettings settings, DelimiterTable table, Supplier<TokenClasses> classes) {
        int blockTokens = settings.blockTokens();
        return switch (settings.mode()) {
            case FIXED -> BlockCutter.fixed(blockTokens);
            case SHIFTED_FIXED -> () -> new ShiftedCutter(blockTokens / 2, blockTokens);
            case RANDOM -> random(LengthDistribution.uniform(settings.shortest(), settings.longest()), settings.seed());
            case DELIMITER_LIST -> nearest(settings, classes.get());
            case DYNAMIC -> dynamic(settings, table, classes.get());
        };
    }

    private static BlockCutter.Factory dynamic(SplitSettings settings, DelimiterTable table, TokenClasses classes) {
        DelimiterWeights weights = table.weights(settings.score());
        return () -> new Segmenter(
                settings, settings.distanceWeight(), classes, weights, new KindTracker(table.shapeScores()));
    }

    /** Where all delimiters weigh the same, any price for the distance picks the nearest. */
    private static BlockCutter.Factory nearest(SplitSettings settings, TokenClasses classes) {
        return () -> new Segmenter(settings, 1, classes, DelimiterWeights.EQUAL, new KindTracker(ShapeScores.NEUTRAL));
    }

    /**
     * Cuts that know nothing of the text, with the lengths of some that do: what the latter gain over these, they gain by where
     * they cut.
     */
    public static BlockCutter.Factory random(LengthDistribution lengths, long seed) {
        return () -> new RandomCutter(lengths, seed);
    }
}
