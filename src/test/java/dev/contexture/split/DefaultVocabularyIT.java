package dev.contexture.split;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.kv.BlockCutter;
import dev.contexture.model.gguf.GgufModelSource;
import dev.contexture.model.tokenizer.DjlTokenizer;
import dev.contexture.model.tokenizer.Tokenizer.SpecialTokens;
import dev.contexture.testing.DefaultModel;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Segmentation with the default model's tokenizer. */
class DefaultVocabularyIT {
    private static DjlTokenizer tokenizer;
    private static TokenClasses classes;

    @BeforeAll
    static void read() throws IOException {
        try (GgufModelSource source = GgufModelSource.open(DefaultModel.path())) {
            tokenizer = DjlTokenizer.of(source.tokenizer());
        }
        classes = TokenClasses.of(tokenizer.vocabularySize(), tokenizer::isSpecial, tokenizer::tokenBytes);
    }

    @AfterAll
    static void close() {
        tokenizer.close();
    }

    private static List<DelimiterType> types(String text) {
        List<DelimiterType> types = new ArrayList<>();
        for (int id : tokenizer.encode(text, SpecialTokens.PARSE)) {
            types.add(classes.type(id));
        }
        return types;
    }

    @Test
    void tokensAreClassifiedByTheirText() {
        assertThat(types("<|im_start|>user\nHi.<|im_end|>"))
                .containsExactly(
                        DelimiterType.TURN,
                        DelimiterType.NONE,
                        DelimiterType.NEWLINE,
                        DelimiterType.NONE,
                        DelimiterType.SENTENCE_END,
                        DelimiterType.TURN);
        assertThat(types("one, two; (three)")).contains(DelimiterType.COMMA, DelimiterType.COLON, DelimiterType.CLOSE);
        assertThat(types("\t|")).contains(DelimiterType.CELL);
    }

    @Test
    void aTableOfTheModelFitsItsTokenizer() throws IOException {
        BuiltInDelimiters.find(DefaultModel.files().sha256())
                .ifPresent(table -> assertThat(table.fits(classes)).isTrue());
    }

    @Test
    void sentencesEndBlocks() {
        String text = "The north wind and the sun disputed which was the stronger. A traveller came along. "
                + "He was wrapped in a warm cloak, and he walked fast. They agreed on a contest. "
                + "The one who first made him take it off should be considered stronger than the other.";
        int[] tokens = tokenizer.encode(text, SpecialTokens.AS_TEXT);
        BlockCutter cutter = Splitters.of(
                        SplitSettings.of(SplitMode.DYNAMIC), BuiltInDelimiters.general(), () -> classes)
                .newCutter();
        List<Integer> ends = new ArrayList<>();
        cutter.accept(tokens, 0, tokens.length, ends::add);
        long sentences = ends.stream()
                .filter(end -> classes.type(tokens[end - 1]) == DelimiterType.SENTENCE_END)
                .count();
        assertThat(sentences).isGreaterThanOrEqualTo(2);
    }
}
