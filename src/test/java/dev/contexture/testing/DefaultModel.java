package dev.contexture.testing;

import java.nio.file.Path;

/** The default model's file for tests that need it. */
public final class DefaultModel {
    private DefaultModel() {}

    public static Path path() {
        return Path.of(System.getProperty("contexture.test.model"));
    }

    /** Takes compiled graphs, for all tests of one build. */
    public static Path directory() {
        return Path.of("target", "test-data");
    }
}
