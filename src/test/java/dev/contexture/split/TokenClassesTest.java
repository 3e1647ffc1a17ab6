package dev.contexture.split;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TokenClassesTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            quoteCharacter = '$',
            ignoreLeadingAndTrailingWhitespace = false,
            value = {
                "<|im_end|>~TURN~SPECIAL",
                "\\n\\n~BLANK_LINE~NEWLINE_INDENT",
                ".\\n\\n~BLANK_LINE~NEWLINE_INDENT",
                "\\n~NEWLINE~NEWLINE_INDENT",
                ");\\n~NEWLINE~NEWLINE_INDENT",
                "\\s\\s\\s\\s~NONE~NEWLINE_INDENT",
                "\\s~NONE~OTHER",
                "7~NONE~DIGIT",
                " 1024~NONE~DIGIT",
                " the~NONE~WORD",
                " naïve~NONE~WORD",
                " été~NONE~WORD",
                " Paris~NONE~CAPITAL_WORD",
                " HTTP~NONE~CAPITAL_WORD",
                " iPhone~NONE~OTHER",
                "ing~NONE~INNER_LOWER",
                "日本~NONE~INNER_LOWER",
                "Ing~NONE~INNER_CAPITAL",
                "toString~NONE~INNER_CAPITAL",
                "_~NONE~UNDERSCORE",
                "__(~NONE~UNDERSCORE",
                "(~NONE~BRACKET",
                ");~COLON~BRACKET",
                ")~CLOSE~BRACKET",
                "->~CLOSE~BRACKET",
                "}~CLOSE~BRACKET",
                "]  ~CLOSE~BRACKET",
                " +=~NONE~OPERATOR",
                "%~NONE~OPERATOR",
                "@~NONE~OPERATOR",
                "\\\\~NONE~OPERATOR",
                "|~CELL~CELL",
                "\\t~CELL~CELL",
                "\\t ~CELL~CELL",
                " |~CELL~CELL",
                "'s~NONE~QUOTE",
                "\"~CLOSE~QUOTE",
                "”~CLOSE~INNER_LOWER",
                "”)~CLOSE~BRACKET",
                "-’~NONE~QUOTE",
                "“~NONE~INNER_LOWER",
                "`~NONE~QUOTE",
                ".~SENTENCE_END~SENTENCE_END",
                "?!~SENTENCE_END~SENTENCE_END",
                ". ~SENTENCE_END~SENTENCE_END",
                "...~SENTENCE_END~SENTENCE_END",
                ".,~COMMA~SENTENCE_END",
                "。~SENTENCE_END~INNER_LOWER",
                "！~SENTENCE_END~INNER_LOWER",
                "？~SENTENCE_END~INNER_LOWER",
                "、~COMMA~INNER_LOWER",
                "，~COMMA~INNER_LOWER",
                "：~COLON~INNER_LOWER",
                "；~COLON~INNER_LOWER",
                "»~CLOSE~OTHER",
                ",~COMMA~COMMA",
                ":~COLON~COMMA",
                ";~COLON~COMMA",
                "-~NONE~DASH",
                " --~NONE~DASH",
                "3rd~NONE~OTHER",
                "§~NONE~OTHER"
            })
    void golden(String escaped, DelimiterType type, TokenShape shape) {
        String text = escaped.translateEscapes();
        TokenClasses classes = Pieces.classes(List.of(text));
        assertThat(classes.type(0)).isEqualTo(type);
        assertThat(classes.shape(0)).isEqualTo(shape);
    }

    @Test
    void partOfACharacterIsALetter() {
        TokenClasses classes = TokenClasses.of(2, id -> false, id -> new byte[] {' ', (byte) 0xE6});
        assertThat(classes.type(0)).isEqualTo(DelimiterType.NONE);
        assertThat(classes.shape(0)).isEqualTo(TokenShape.WORD);
    }

    @Test
    void nothingIsNoDelimiter() {
        TokenClasses classes = Pieces.classes(List.of(""));
        assertThat(classes.type(0)).isEqualTo(DelimiterType.NONE);
        assertThat(classes.shape(0)).isEqualTo(TokenShape.OTHER);
    }

    @Test
    void idsBeyondTheVocabularySayNothing() {
        TokenClasses classes = Pieces.classes(List.of("."));
        assertThat(classes.type(1)).isEqualTo(DelimiterType.NONE);
        assertThat(classes.shape(-1)).isEqualTo(TokenShape.OTHER);
    }

    @Test
    void theDigestIsOfPairsInTheOrderOfIds() {
        // printf '\x00\x00\x03\x0c\x08\x03\x08\x0f' | sha256sum
        assertThat(Pieces.classes(List.of("<|x|>", ".", " a", "")).digest())
                .isEqualTo("aa68ceeb0f91e2c4bc1b62c3f899d7db344d58ba5a8107ce812b174c23164795");
        assertThat(Pieces.classes(List.of(".", "<|x|>", " a", "")).digest())
                .isNotEqualTo("aa68ceeb0f91e2c4bc1b62c3f899d7db344d58ba5a8107ce812b174c23164795");
    }
}
