package dev.contexture.config;

import dev.contexture.kv.BlockCutter;
import dev.contexture.model.tokenizer.Tokenizer;
import dev.contexture.split.BuiltInDelimiters;
import dev.contexture.split.DelimiterTable;
import dev.contexture.split.DelimiterTableReader;
import dev.contexture.split.SplitSettings;
import dev.contexture.split.Splitters;
import dev.contexture.split.TokenClasses;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What cuts a model's sequences into blocks, with the table that was learned for it. */
final class Segmentation {
    private static final Logger LOG = LoggerFactory.getLogger(Segmentation.class);

    private Segmentation() {}

    /**
     * @throws dev.contexture.split.DelimiterFormatException if the table is not sound
     */
    static BlockCutter.Factory open(SplitProperties properties, String modelSha256, Tokenizer tokenizer) {
        SplitSettings settings = properties.settings();
        DelimiterTable table = table(properties, modelSha256);
        return Splitters.of(settings, table, () -> classes(tokenizer, table));
    }

    private static DelimiterTable table(SplitProperties properties, String modelSha256) {
        if (properties.table().isEmpty()) {
            return BuiltInDelimiters.find(modelSha256).orElseGet(BuiltInDelimiters::general);
        }
        try {
            return DelimiterTableReader.read(properties.table(), Files.readAllBytes(Path.of(properties.table())));
        } catch (IOException e) {
            throw new InvalidSettingException(new IllegalArgumentException(
                    "contexture.split.table names " + properties.table() + ", which cannot be read: " + e, e));
        }
    }

    private static TokenClasses classes(Tokenizer tokenizer, DelimiterTable table) {
        TokenClasses classes = TokenClasses.of(tokenizer.vocabularySize(), tokenizer::isSpecial, tokenizer::tokenBytes);
        if (!table.fits(classes)) {
            LOG.warn(
                    "The delimiter table of {} was learned with another tokenizer ({} instead of {}): blocks are sound, but"
                            + " their ends may be no better than others",
                    table.targetName(),
                    table.vocabularyDigest(),
                    classes.digest());
        }
        return classes;
    }
}
