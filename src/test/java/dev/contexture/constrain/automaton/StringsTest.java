package dev.contexture.constrain.automaton;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.contexture.testing.SchemaJudge;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** Automata of strings against Java's own expressions and a JSON parser. */
class StringsTest {
    private static final String ALPHABET =
            "aaabbcdfoorxyz019-_.@# \n\t\"\\/\u0001\u00e9\u00fc\u0416\u4e2d\ud83d\ude00ABZ";
    private final Random random = new Random(5);

    private String text(int most) {
        int[] alphabet = ALPHABET.codePoints().toArray();
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(most + 1); i > 0; i--) {
            text.appendCodePoint(alphabet[random.nextInt(alphabet.length)]);
        }
        return text.toString();
    }

    private static Optional<Dfa> with(String pattern) {
        return Strings.with(
                List.of(Strings.Pattern.of(pattern)), Strings.Side.INNER, 0, StringDfa.UNBOUNDED, new Work());
    }

    @Test
    void dateTimesHaveOffsetsThatValidatorsTake() {
        Dfa dfa = Strings.with(
                        List.of(Strings.Pattern.ofFormat("date-time").orElseThrow()),
                        Strings.Side.INNER,
                        0,
                        StringDfa.UNBOUNDED,
                        new Work())
                .orElseThrow();
        SchemaJudge judge = new SchemaJudge("{\"type\": \"string\", \"format\": \"date-time\"}");
        int taken = 0;
        for (int minutes = 0; minutes < 100 * 60; minutes++) {
            for (String sign : List.of("+", "-")) {
                byte[] text = Strings.quoted(
                        String.format("1400-12-13T00:00:00.199966001%s%02d:%02d", sign, minutes / 60, minutes % 60));
                if (dfa.matches(text)) {
                    taken++;
                    assertThat(judge.fault(new String(text, StandardCharsets.UTF_8)))
                            .isEmpty();
                }
            }
        }
        assertThat(taken).isEqualTo(2 * 14 * 60 - 1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a",
                "^a",
                "a$",
                "^a*$",
                "^(a|b)*c?$",
                "^[a-c]{2,4}$",
                "[^a-z]",
                "^.+$",
                "a.b",
                "^\\w+@\\w+$",
                "\\d{2}",
                "^(ab?)+$",
                "^$",
                "^[\\s\\S]*$",
                "^\\S+$",
                "x|^a|b$",
                "(^a|b)c",
                "^[^\"\\\\]*$",
                "\\\\",
                "\"",
                "^[\\u00e0-\\u04ff]+$",
                "^\\p{L}+$",
                "^(?:a|(?<n>b)){1,3}$",
                "a{0}b",
                "^[-a]+$",
                "^[a\\-z.]+$",
                "\\/",
                "^\\x61\\cJ?"
            })
    void patternsAreFoundWhereJavaFindsThem(String pattern) {
        if (pattern.contains("\\c")) {
            assertThatThrownBy(() -> with(pattern)).isInstanceOf(RegexSyntaxException.class);
            return;
        }
        Pattern java = Pattern.compile(pattern, Pattern.UNIX_LINES);
        Optional<Dfa> dfa = with(pattern);
        for (int i = 0; i < 3000; i++) {
            String text = text(i % 8);
            boolean dollar = pattern.contains("$") && text.endsWith("\n"); // Java's $ is also before a last line break
            if (!dollar) {
                assertThat(dfa.isPresent() && dfa.get().matches(Strings.quoted(text)))
                        .as("%s in %s", pattern, Strings.quoted(text))
                        .isEqualTo(java.matcher(text).find());
            }
        }
    }

    @Test
    void whatDialectsDifferOnIsWithinTheOuterAndNotTheInnerSide() {
        for (String pattern : List.of("^\\s$", "^.$", "^\\S$", "^[^\\s]$", "^[^\\S]$", "^[\\sx]$")) {
            Strings.Pattern parsed = Strings.Pattern.of(pattern);
            Dfa inner = Strings.with(List.of(parsed), Strings.Side.INNER, 0, StringDfa.UNBOUNDED, new Work())
                    .orElseThrow();
            Dfa outer = Strings.with(List.of(parsed), Strings.Side.OUTER, 0, StringDfa.UNBOUNDED, new Work())
                    .orElseThrow();
            int between = 0;
            for (int c = 0; c < 0x3100; c++) {
                if (c >= 0xD800 && c < 0xE000) {
                    continue;
                }
                byte[] text = Strings.quoted(Character.toString(c));
                // Java's own dialect, with and without Unicode's classes, is within both sides.
                boolean plain = Pattern.compile(pattern, Pattern.UNIX_LINES)
                        .matcher(Character.toString(c))
                        .matches();
                boolean unicode = Pattern.compile(pattern, Pattern.UNICODE_CHARACTER_CLASS)
                        .matcher(Character.toString(c))
                        .matches();
                assertThat(inner.matches(text) && !(plain && unicode))
                        .as("%s %x", pattern, c)
                        .isFalse();
                assertThat((plain || unicode) && !outer.matches(text))
                        .as("%s %x", pattern, c)
                        .isFalse();
                between += outer.matches(text) && !inner.matches(text) ? 1 : 0;
            }
            assertThat(between).as(pattern).isPositive();
        }
    }

    @Test
    void aLastLineBreakMayBeBehindTheEnd() {
        Dfa outer = Strings.with(
                        List.of(Strings.Pattern.of("^a$")), Strings.Side.OUTER, 0, StringDfa.UNBOUNDED, new Work())
                .orElseThrow();
        for (String right : List.of("a", "a\n", "a\r\n", "a\u2028")) {
            assertThat(outer.matches(Strings.quoted(right))).as(right).isTrue();
            assertThat(Pattern.compile("^a$").matcher(right).find()).as(right).isTrue();
            assertThat(with("^a$").orElseThrow().matches(Strings.quoted(right))).isEqualTo(right.length() == 1);
        }
        for (String wrong : List.of("a\n\n", "a\nb", "ab")) {
            assertThat(outer.matches(Strings.quoted(wrong))).as(wrong).isFalse();
        }
    }

    @Test
    void severalPatternsAndLengthsHoldTogether() {
        Optional<Dfa> dfa = Strings.with(
                List.of(Strings.Pattern.of("^[a-z\u00fc]*$"), Strings.Pattern.of("a.*b")),
                Strings.Side.INNER,
                3,
                5,
                new Work());
        for (String right : List.of("aab", "axxb", "\u00fcaabx")) {
            assertThat(dfa.orElseThrow().matches(Strings.quoted(right)))
                    .as(right)
                    .isTrue();
        }
        for (String wrong : List.of("ab", "aaaaab", "axxc", "aXb")) {
            assertThat(dfa.orElseThrow().matches(Strings.quoted(wrong)))
                    .as(wrong)
                    .isFalse();
        }
        assertThat(Strings.with(List.of(Strings.Pattern.of("^a{5}$")), Strings.Side.INNER, 0, 4, new Work()))
                .isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "(?=a)",
                "(?<!a)b",
                "(a)\\1",
                "\\bword",
                "a)",
                "(a",
                "[a",
                "*a",
                "a{3,1}",
                "a{99999}",
                "[b-a]",
                "\\q",
                "{",
                "\\p{Greek}",
                "\\p{L",
                "\\pL",
                "\\u{41",
                "a**",
                "a{2}{3}",
                "a+?+",
                "(?<name"
            })
    void whatIsNotRegularIsRefused(String pattern) {
        assertThatThrownBy(() -> with(pattern)).isInstanceOf(RegexSyntaxException.class);
    }

    @Test
    void manyQuantifiersAreNoDeepExpression() {
        assertThatThrownBy(() -> with("a" + "*".repeat(4000))).isInstanceOf(RegexSyntaxException.class);
        assertThatThrownBy(() -> with("a".repeat(6000))).isInstanceOf(RegexSyntaxException.class);
    }

    @Test
    void whatWouldTakeTooLongIsRefused() {
        assertThatThrownBy(() -> with("^(a|b)*a(a|b){30}$")).isInstanceOf(TooLargeException.class);
        assertThatThrownBy(() -> with("^((a{1,100}){1,100}){1,100}$")).isInstanceOf(TooLargeException.class);
    }

    @Test
    void lengthsCountCodePoints() {
        StringDfa dfa = new StringDfa(2, 3, StringDfa.Spelling.ANY);
        for (String right : List.of(
                "\"ab\"", "\"\ud83d\ude00\ud83d\ude00\"", "\"\\n\\u00e9x\"", "\"\\ud83d\\ude00a\"", "\"\\/\\\"\"")) {
            assertThat(dfa.matches(right.getBytes(StandardCharsets.UTF_8)))
                    .as(right)
                    .isTrue();
        }
        for (String wrong : List.of(
                "\"a\"",
                "\"abcd\"",
                "\"\\ud83d\\ude00\"",
                "\"\\ud83dab\"",
                "\"\\ude00ab\"",
                "ab",
                "\"a\nb\"",
                "\"ab\"\"")) {
            assertThat(dfa.matches(wrong.getBytes(StandardCharsets.UTF_8)))
                    .as(wrong)
                    .isFalse();
        }
    }

    @Test
    void anyStringIsWhatAParserTakes() {
        String marks = "\"\\\\uuudDcC0189aFnrtbf/x\u00e9\u4e2d\ud83d\ude00 ";
        int[] alphabet = marks.codePoints().toArray();
        int taken = 0;
        for (int i = 0; i < 60_000; i++) {
            StringBuilder text = new StringBuilder("\"");
            for (int n = random.nextInt(12); n > 0; n--) {
                text.appendCodePoint(alphabet[random.nextInt(alphabet.length)]);
            }
            text.append('"');
            String json = text.toString();
            boolean ours = StringDfa.ANY.matches(json.getBytes(StandardCharsets.UTF_8));
            String parsed = parsed(json);
            boolean whole = parsed != null && parsed.codePoints().noneMatch(c -> c >= 0xD800 && c < 0xE000);
            assertThat(ours).as(json).isEqualTo(whole);
            taken += ours ? 1 : 0;
        }
        assertThat(taken).isGreaterThan(10_000);
    }

    private static @org.jspecify.annotations.Nullable String parsed(String json) {
        try {
            return JsonMapper.builder()
                    .enable(tools.jackson.databind.DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .build()
                    .readTree(json)
                    .asString();
        } catch (JacksonException e) {
            return null;
        }
    }

    @Test
    void onlyWholeCharactersAreTaken() {
        for (byte[] wrong : List.of(
                new byte[] {'"', (byte) 0xC0, (byte) 0x80, '"'},
                new byte[] {'"', (byte) 0xE0, (byte) 0x80, (byte) 0x80, '"'},
                new byte[] {'"', (byte) 0xED, (byte) 0xA0, (byte) 0x80, '"'},
                new byte[] {'"', (byte) 0xF4, (byte) 0x90, (byte) 0x80, (byte) 0x80, '"'},
                new byte[] {'"', (byte) 0xC3, '"'},
                new byte[] {'"', (byte) 0xA9, '"'})) {
            assertThat(StringDfa.ANY.matches(wrong)).isFalse();
            assertThat(with("^[^a]*$").orElseThrow().matches(wrong)).isFalse();
        }
    }

    @Test
    void keysOfStatesTellApartWhatTokensCan() {
        StringDfa far = new StringDfa(0, 1000, StringDfa.Spelling.ANY);
        StringDfa open = StringDfa.ANY;
        int inFar = far.run("\"abc".getBytes(StandardCharsets.UTF_8));
        int inOpen = open.run("\"x".getBytes(StandardCharsets.UTF_8));
        assertThat(far.key(inFar, 16))
                .as("the limit is further away than any token is long")
                .isEqualTo(open.key(inOpen, 16));
        StringDfa near = new StringDfa(0, 10, StringDfa.Spelling.ANY);
        assertThat(near.key(near.run("\"abc".getBytes(StandardCharsets.UTF_8)), 16))
                .isNotEqualTo(open.key(inOpen, 16));
    }
}
