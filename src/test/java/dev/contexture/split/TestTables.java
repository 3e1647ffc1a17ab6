package dev.contexture.split;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** The tables of the test resources. */
final class TestTables {
    /** Of no model: its name in the folder. */
    static final String SAMPLE_SHA256 = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    private TestTables() {}

    /** Where sentence ends weigh more than commas by the literal score, less by the other. */
    static DelimiterTable sample() {
        return DelimiterTableReader.read("sample", text().getBytes(StandardCharsets.UTF_8));
    }

    static String text() {
        try (InputStream in = TestTables.class.getResourceAsStream("/delimiters/" + SAMPLE_SHA256 + ".json")) {
            if (in == null) {
                throw new IllegalStateException("the sample table is missing");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
