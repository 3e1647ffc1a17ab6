package dev.contexture.session;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.testing.LetterTokenizer;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TokenHistoryTest {
    private final LetterTokenizer tokenizer = new LetterTokenizer();
    private final TokenHistory history = new TokenHistory(tokenizer);

    private int[] encode(String text) {
        return tokenizer.encode(text, LetterTokenizer.SpecialTokens.PARSE);
    }

    /** The model drew two tokens where the tokenizer would give one: they stay. */
    @Test
    void drawnTokensStayAsTheyAre() {
        int[] drawn = tokenizer.singly("abab");
        assertThat(drawn).isNotEqualTo(encode("abab"));
        int[] before = concat(encode("<u>say it<a>"), drawn);
        TokenHistory.Extended next = history.extend(before, "<u>say it<a>abab<e><u>again<a>");
        assertThat(next.kept()).isEqualTo(before.length);
        assertThat(next.tokens()).startsWith(before).isEqualTo(concat(before, encode("<e><u>again<a>")));
    }

    @Test
    void whatATemplateWritesInAnotherWayIsTokenisedAnew() {
        int[] before = encode("<u>one<a>think: x. two");
        TokenHistory.Extended next = history.extend(before, "<u>one<a>two<e><u>three<a>");
        assertThat(next.kept()).isEqualTo(encode("<u>one<a>").length);
        assertThat(next.tokens()).isEqualTo(encode("<u>one<a>two<e><u>three<a>"));
    }

    @Test
    void nothingBeforeIsNothingKept() {
        assertThat(history.extend(new int[0], "<u>x<a>").kept()).isZero();
        assertThat(history.extend(encode("<u>x"), "other").kept()).isZero();
    }

    /** A text that ends where the model was cut off, in the middle of a character's bytes, and goes on in other words. */
    @Test
    void halfACharacterIsNoPlaceToGoOnFrom() {
        int[] before = concat(encode("<a>"), tokenizer.bytesOf("é", 1));
        TokenHistory.Extended next = history.extend(before, "<a>é<e>");
        assertThat(next.kept()).isEqualTo(1);
        assertThat(tokenizer.text(next.tokens())).isEqualTo("<a>é<e>");
    }

    /** A control token is part of an answer's text where it was read, and hidden where it was not. */
    @Test
    void controlTokensOfAnAnswerStay() {
        int[] drawn = encode("x<u>y<a>z");
        assertThat(history.ofText(drawn, "x<u>yz")).isEqualTo(drawn);
        assertThat(history.ofText(drawn, "xyz")).isEqualTo(drawn);
        assertThat(history.ofText(drawn, "x<u>")).isEqualTo(encode("x<u>"));
    }

    @Test
    void tokensOfAStopSequenceAreLeftOut() {
        int[] drawn = encode("abcSTOP");
        assertThat(tokenizer.text(history.ofText(drawn, "abc"))).isEqualTo("abc");
        assertThat(history.ofText(drawn, "")).isEmpty();
        assertThat(tokenizer.text(history.ofText(tokenizer.bytesOf("aé", 2), "a")))
                .isEqualTo("a");
    }

    @Test
    void endsCountCharacters() {
        int[] tokens = concat(encode("<a>"), tokenizer.bytesOf("é", 2), encode("x"));
        assertThat(history.ends(tokens)).isEqualTo(new int[] {3, 3, 4, 5});
    }

    /** Whatever the two texts are: the prompt's text is the rendering, and the tokens kept are those of before. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void thePromptIsAlwaysTheRendering(long seed) {
        Random random = new Random(seed);
        for (int i = 0; i < 500; i++) {
            String before = text(random);
            String rendered = random.nextBoolean() ? before + text(random) : text(random);
            int[] tokens = random.nextBoolean() ? encode(before) : tokenizer.singly(before);
            TokenHistory.Extended next = history.extend(tokens, rendered);
            assertThat(tokenizer.text(next.tokens())).isEqualTo(rendered);
            assertThat(Arrays.copyOf(next.tokens(), next.kept())).isEqualTo(Arrays.copyOf(tokens, next.kept()));
            if (rendered.startsWith(before)) {
                assertThat(next.kept()).isEqualTo(tokens.length);
            }
        }
    }

    private static String text(Random random) {
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(12); i > 0; i--) {
            text.append(new String[] {"ab", "a", "b", "é", "<u>", "<a>", "<e>", " x"}[random.nextInt(8)]);
        }
        return text.toString();
    }

    private static int[] concat(int[]... parts) {
        return Arrays.stream(parts).flatMapToInt(Arrays::stream).toArray();
    }
}
