package dev.contexture.split;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Optional;

/** Delimiter tables that the class path carries, named by the model that they are for. */
public final class BuiltInDelimiters {
    private static final String FOLDER = "delimiters/";
    private static final String SUFFIX = ".json";
    private static final String GENERAL = "general";

    private BuiltInDelimiters() {}

    /**
     * The table that was learned for a model.
     *
     * @param modelSha256 of the model's files
     * @return empty if there is none
     * @throws DelimiterFormatException if the table is damaged or another model's
     */
    public static Optional<DelimiterTable> find(String modelSha256) {
        Optional<DelimiterTable> table = read(modelSha256);
        table.ifPresent(found -> {
            if (!found.isFor(modelSha256)) {
                throw new DelimiterFormatException(
                        FOLDER + modelSha256 + SUFFIX + " is the table of " + found.targetSha256());
            }
        });
        return table;
    }

    /** The table for models that have none of their own: nothing in it is learned, it orders delimiters as grammar does. */
    public static DelimiterTable general() {
        return read(GENERAL)
                .orElseThrow(() -> new IllegalStateException("the class path lacks " + FOLDER + GENERAL + SUFFIX));
    }

    private static Optional<DelimiterTable> read(String name) {
        String resource = FOLDER + name + SUFFIX;
        try (InputStream in = BuiltInDelimiters.class.getClassLoader().getResourceAsStream(resource)) {
            return in == null ? Optional.empty() : Optional.of(DelimiterTableReader.read(resource, in.readAllBytes()));
        } catch (IOException e) {
            throw new UncheckedIOException(resource + " cannot be read: " + e.getMessage(), e);
        }
    }
}
