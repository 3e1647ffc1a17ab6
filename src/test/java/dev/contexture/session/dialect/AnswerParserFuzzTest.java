package dev.contexture.session.dialect;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Texts made of the formats' own pieces, broken at random, in random splits. */
class AnswerParserFuzzTest {
    private static final int TEXTS = 20_000;
    private static final long SEED = 4711;
    private static final List<String> PIECES = List.of(
            "<tool_call>",
            "</tool_call>",
            "<|python_tag|>",
            "[TOOL_CALLS]",
            "[ARGS]",
            "f",
            "{\"name\": \"f\", \"arguments\": {\"a\": {\"b\": [1, {}]}}}",
            "{\"name\": \"f\", \"parameters\": {}}",
            "{\"name\": \"g\", \"arguments\": {}}",
            "[{\"name\": \"f\", \"arguments\": \"{\\\"x\\\": 1}\"}]",
            "{\"name\":",
            "\"f\"",
            "\"arguments\":",
            "{\"\\u00e9\\\"}{\": \"\\\\\"}",
            "{",
            "}",
            "[",
            "]",
            "\"",
            "\\",
            ",",
            ";",
            " ",
            "\n",
            "😀",
            "text");

    private static String text(Random random) {
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(8); i >= 0; i--) {
            text.append(PIECES.get(random.nextInt(PIECES.size())));
        }
        if (random.nextInt(3) == 0) {
            int at = random.nextInt(text.length() + 1);
            text.insert(at, (char) (32 + random.nextInt(95)));
        }
        if (random.nextInt(3) == 0) {
            text.deleteCharAt(random.nextInt(text.length()));
        }
        return text.toString();
    }

    private static List<String> split(String text, Random random) {
        List<String> pieces = new ArrayList<>();
        int at = 0;
        while (at < text.length()) {
            int end = Math.min(text.length(), at + 1 + random.nextInt(6));
            pieces.add(text.substring(at, end));
            at = end;
        }
        return pieces;
    }

    @ParameterizedTest
    @EnumSource
    void splitsDoNotMatterAndNothingIsLost(CallFormat format) {
        Random random = new Random(SEED);
        int withCalls = 0;
        for (int i = 0; i < TEXTS; i++) {
            String text = text(random);
            for (ArgumentDelivery delivery : ArgumentDelivery.values()) {
                AnswerForm form = Spoken.form(format, delivery, "f");
                Spoken whole = Spoken.of(form, List.of(text));
                assertThat(Spoken.of(form, split(text, random))).as(text).isEqualTo(whole);
                if (whole.calls().isEmpty()) {
                    assertThat(whole.text()).isEqualTo(text);
                }
                if (delivery == ArgumentDelivery.CHECKED) {
                    withCalls += whole.calls().isEmpty() ? 0 : 1;
                    for (String call : whole.calls()) {
                        JsonNode arguments = JsonMapper.shared().readTree(call.substring(1));
                        assertThat(arguments.isObject()).as(call).isTrue();
                    }
                }
            }
        }
        assertThat(withCalls).isGreaterThan(TEXTS / 100);
    }

    /** Long answers take time in proportion: each is some 300,000 characters. */
    @ParameterizedTest
    @EnumSource
    void longAnswersAreReadInOnePass(CallFormat format) {
        AnswerForm form = Spoken.form(format, ArgumentDelivery.AS_DRAWN, "f");
        for (String unit :
                List.of("<tool_call>{\"a\":\"", "\n", "[TOOL_CALLS]f", "{\"name\":", "{\"x", "<", "[TOOL_CALLS] ")) {
            String text = unit.repeat(300_000 / unit.length());
            assertThat(Spoken.of(form, split(text, new Random(SEED))).text()).isEqualTo(text);
        }
    }
}
