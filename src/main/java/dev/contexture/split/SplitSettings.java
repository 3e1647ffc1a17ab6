package dev.contexture.split;

import java.nio.charset.StandardCharsets;

/**
 * Where blocks end.
 *
 * @param blockTokens ideal length of a block (C)
 * @param slackTokens how far from its ideal end a block may end (Δ)
 * @param distanceWeight what an end at the full slack costs, in the unit of the delimiters' weights (λ)
 * @param score which of a table's weights count in dynamic mode
 * @param seed of random mode
 */
public record SplitSettings(
        SplitMode mode, int blockTokens, int slackTokens, double distanceWeight, DelimiterScore score, long seed) {
    public static final int DEFAULT_BLOCK_TOKENS = 16;
    public static final double DEFAULT_DISTANCE_WEIGHT = 0.5;

    private static final int LEAST_BLOCK_TOKENS = 2;
    private static final int MOST_BLOCK_TOKENS = 1024;

    /** Rises whenever equal settings, tables and tokens would give other ends than before. */
    private static final int SEGMENTER_VERSION = 1;

    public SplitSettings {
        require(
                blockTokens >= LEAST_BLOCK_TOKENS && blockTokens <= MOST_BLOCK_TOKENS,
                "block-tokens must be in " + LEAST_BLOCK_TOKENS + ".." + MOST_BLOCK_TOKENS + " but is " + blockTokens);
        require(
                slackTokens >= 0 && slackTokens < blockTokens,
                "slack-tokens must be in 0.." + (blockTokens - 1) + ", less than a block, but is " + slackTokens);
        require(
                Double.isFinite(distanceWeight) && distanceWeight >= 0,
                "distance-weight must not be negative but is " + distanceWeight);
    }

    private static void require(boolean holds, String message) {
        if (!holds) {
            throw new IllegalArgumentException(message);
        }
    }

    /** Settings as they are unless something speaks for others. */
    public static SplitSettings of(SplitMode mode) {
        return new SplitSettings(
                mode,
                DEFAULT_BLOCK_TOKENS,
                defaultSlack(DEFAULT_BLOCK_TOKENS),
                DEFAULT_DISTANCE_WEIGHT,
                DelimiterScore.LITERAL,
                0);
    }

    /** A quarter of a block: half of it loses twice as much to irregular lengths. */
    public static int defaultSlack(int blockTokens) {
        return blockTokens / 4;
    }

    /** Shortest block, but for the last of a sequence and the first of shifted ones. */
    public int shortest() {
        return readsSlack() ? blockTokens - slackTokens : blockTokens;
    }

    public int longest() {
        return readsSlack() ? blockTokens + slackTokens : blockTokens;
    }

    private boolean readsSlack() {
        return mode.readsTokens() || mode == SplitMode.RANDOM;
    }

    /**
     * Names everything, but for the tokenizer, that decides where the same tokens are cut: keys that outlive the process
     * must hold it. What the mode does not look at is left out, so that changing it costs no stored block.
     */
    public String fingerprint(DelimiterTable table) {
        String decides = switch (mode) {
            case FIXED, SHIFTED_FIXED -> "";
            case RANDOM -> slackTokens + " " + seed;
            case DELIMITER_LIST -> Integer.toString(slackTokens);
            case DYNAMIC -> slackTokens + " " + distanceWeight + " " + score + " " + table.sha256();
        };
        String text = "contexture-split " + SEGMENTER_VERSION + " " + mode + " " + blockTokens + " " + decides;
        return Sha256.hex(text.getBytes(StandardCharsets.UTF_8));
    }
}
