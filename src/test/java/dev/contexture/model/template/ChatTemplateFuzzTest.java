package dev.contexture.model.template;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Damaged templates either render or fail with a {@link TemplateException}, nothing else. */
class ChatTemplateFuzzTest {
    private static final int ROUNDS = 1_500;
    private static final List<String> PIECES = List.of(
            "{{",
            "}}",
            "{%",
            "%}",
            "{#",
            "#}",
            "{%-",
            "-%}",
            "'",
            "\"",
            "\\",
            "(",
            ")",
            "[",
            "]",
            "{",
            "}",
            "|",
            "~",
            "**",
            "//",
            "-",
            ":",
            ",",
            ".",
            " is ",
            " not ",
            " in ",
            " if ",
            " else ",
            "{% endif %}",
            "{% endfor %}",
            "{% for x in messages %}",
            "{% set x = 1 %}",
            "{% raw %}",
            "{% break %}",
            "loop",
            "loop.index0",
            "none",
            "messages",
            "namespace()",
            "range(3)",
            "|tojson",
            "|length",
            "|sort",
            "|map('upper')",
            ".split()",
            ".items()",
            "[::-1]",
            "1e309",
            "99999999999999999999",
            "\uD83D",
            "\u00a0",
            "\n",
            "0x");

    private final List<GoldenTemplates.Case> cases = new ArrayList<>();

    ChatTemplateFuzzTest() {
        cases.addAll(GoldenTemplates.features());
        cases.addAll(GoldenTemplates.styles());
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void damagedTemplatesFailCleanly(long seed) {
        Random random = new Random(seed);
        int rendered = 0;
        for (int round = 0; round < ROUNDS; round++) {
            GoldenTemplates.Case golden = cases.get(random.nextInt(cases.size()));
            String damaged = golden.template();
            for (int i = 0; i <= random.nextInt(3); i++) {
                damaged = damage(damaged, random);
            }
            rendered += survives(damaged, golden, seed, round) ? 1 : 0;
        }
        // Some damage is harmless and some is not: otherwise this tests only one half.
        assertThat(rendered).isBetween(ROUNDS / 20, ROUNDS * 19 / 20);
    }

    private static boolean survives(String template, GoldenTemplates.Case golden, long seed, int round) {
        try {
            ChatTemplate.of(template, null, null, golden.clock()).render(golden.variables());
            return true;
        } catch (TemplateException e) {
            return false;
        } catch (RuntimeException | StackOverflowError e) {
            throw new AssertionError("seed " + seed + ", round " + round + ": " + template, e);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {5, 6})
    void strangeVariablesFailCleanly(long seed) {
        Random random = new Random(seed);
        for (int round = 0; round < ROUNDS; round++) {
            GoldenTemplates.Case golden = cases.get(random.nextInt(cases.size()));
            Map<String, Value> variables = new java.util.HashMap<>(golden.variables());
            variables.replaceAll((name, value) -> random.nextInt(3) == 0 ? strange(random) : value);
            GoldenTemplates.Case strange = new GoldenTemplates.Case(
                    golden.group(), golden.name(), golden.template(), variables, golden.error(), "", golden.clock());
            survives(golden.template(), strange, seed, round);
        }
    }

    private static Value strange(Random random) {
        List<Value> values = List.of(
                Value.None.NONE,
                Value.TRUE,
                Value.of(-1),
                new Value.Real(Double.NaN),
                new Value.Real(Double.NEGATIVE_INFINITY),
                Value.EMPTY,
                Value.of("\uDC00x\uD800"),
                Value.list(List.of(Value.None.NONE, Value.of("a"), Value.of(1))),
                Value.tuple(),
                Value.Dict.named(Map.of("role", Value.of(3))),
                new Value.Undefined("gone"));
        return values.get(random.nextInt(values.size()));
    }

    private static String damage(String text, Random random) {
        int from = random.nextInt(text.length() + 1);
        int to = Math.min(text.length(), from + random.nextInt(6));
        String piece = PIECES.get(random.nextInt(PIECES.size()));
        return switch (random.nextInt(4)) {
            case 0 -> text.substring(0, from) + text.substring(to);
            case 1 -> text.substring(0, from) + piece + text.substring(from);
            case 2 -> text.substring(0, from) + piece + text.substring(to);
            default -> text.substring(0, from) + text.substring(from, to).repeat(2) + text.substring(to);
        };
    }
}
