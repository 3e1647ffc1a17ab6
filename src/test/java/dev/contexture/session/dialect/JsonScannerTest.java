package dev.contexture.session.dialect;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

class JsonScannerTest {
    private static final JsonMapper JACKSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .disable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();
    private static final String ALPHABET = "{}[]\",:\\ue+-.019atrufslnE \n\tb/x\u0001é";
    private static final String START =
            "{\"a\": [1, -0.5e+3, 0, {\"b\\u00e9\\n\": null}, [], {}], \"c\": true, \"\": false , \"d\":\"x\"}";

    /** Whether the whole text is one value. */
    private static boolean scans(String text) {
        JsonScanner scanner = new JsonScanner();
        boolean ended = false;
        for (int i = 0; i < text.length(); i++) {
            JsonScanner.Step step = scanner.next(text.charAt(i));
            if (step == JsonScanner.Step.BROKEN) {
                return ended && text.substring(i).isBlank();
            }
            ended = step == JsonScanner.Step.VALUE && scanner.open() == 0;
        }
        return ended;
    }

    private static boolean parses(String text) {
        try {
            return JACKSON.readTree(text).isContainer();
        } catch (JacksonException e) {
            return false;
        }
    }

    @Test
    void agreesWithAParserOnTextsThatWereChangedALittle() {
        Random random = new Random(99);
        int sound = 0;
        for (int i = 0; i < 100_000; i++) {
            StringBuilder text = new StringBuilder(START);
            for (int change = random.nextInt(3); change >= 0; change--) {
                int at = random.nextInt(text.length());
                char c = ALPHABET.charAt(random.nextInt(ALPHABET.length()));
                switch (random.nextInt(3)) {
                    case 0 -> text.setCharAt(at, c);
                    case 1 -> text.insert(at, c);
                    default -> text.deleteCharAt(at);
                }
            }
            boolean parses = parses(text.toString());
            sound += parses ? 1 : 0;
            assertThat(scans(text.toString())).as(text.toString()).isEqualTo(parses);
        }
        assertThat(sound).isBetween(5_000, 95_000);
    }

    @Test
    void depthIsBounded() {
        assertThat(scans("[".repeat(65) + "]".repeat(65))).isTrue();
        assertThat(scans("[".repeat(66) + "]".repeat(66))).isFalse();
    }
}
