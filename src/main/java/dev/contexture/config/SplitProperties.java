package dev.contexture.config;

import dev.contexture.split.DelimiterScore;
import dev.contexture.split.SplitMode;
import dev.contexture.split.SplitSettings;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How token streams are cut into blocks, the units of the prefix cache and of selection by blocks.
 *
 * @param mode fixed, dynamic, shifted-fixed, random or delimiter-list
 * @param blockTokens ideal length of a block
 * @param slackTokens how far from its ideal end a block may end; 0: a quarter of a block
 * @param distanceWeight what an end at the full slack costs, in the unit of the delimiters' weights
 * @param score which weights count: literal, sinkless or none
 * @param table file of a delimiter table; empty: the built-in one of the model, else the general one
 * @param seed of random mode
 */
@ConfigurationProperties("contexture.split")
public record SplitProperties(
        @DefaultValue("fixed") SplitMode mode,
        @DefaultValue("16") int blockTokens,
        @DefaultValue("0") int slackTokens,
        @DefaultValue("0.5") double distanceWeight,
        @DefaultValue("literal") DelimiterScore score,
        @DefaultValue("") String table,
        @DefaultValue("0") long seed) {
    public SplitProperties {
        // Bad values end the binding, and so the start, with the setting's name.
        settings(mode, blockTokens, slackTokens, distanceWeight, score, seed);
    }

    SplitSettings settings() {
        return settings(mode, blockTokens, slackTokens, distanceWeight, score, seed);
    }

    private static SplitSettings settings(
            SplitMode mode, int blockTokens, int slackTokens, double distanceWeight, DelimiterScore score, long seed) {
        int slack = slackTokens == 0 ? SplitSettings.defaultSlack(blockTokens) : slackTokens;
        try {
            return new SplitSettings(mode, blockTokens, slack, distanceWeight, score, seed);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("contexture.split." + e.getMessage(), e);
        }
    }
}
