package dev.contexture.split;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

class DelimiterTableReaderTest {
    private static DelimiterTable read(String text) {
        return DelimiterTableReader.read("table.json", text.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void readsWhatATrainerWrites() {
        DelimiterTable table = TestTables.sample();
        assertThat(table.targetName()).isEqualTo("sample");
        assertThat(table.targetSha256()).isEqualTo(TestTables.SAMPLE_SHA256);
        assertThat(table.literal().of(TextKind.PROSE, DelimiterType.SENTENCE_END))
                .isEqualTo(0.9);
        assertThat(table.weights(DelimiterScore.SINKLESS).of(TextKind.CODE, DelimiterType.COMMA))
                .isEqualTo(0.8);
        assertThat(table.weights(DelimiterScore.NONE).of(TextKind.CODE, DelimiterType.TURN))
                .isZero();
        assertThat(table.shapeScores().of(TokenShape.DIGIT, TextKind.TABLE)).isEqualTo(40);
        assertThat(table.sha256())
                .matches("[0-9a-f]{64}")
                .isNotEqualTo(read(TestTables.text() + " ").sha256());
    }

    /** A value at a JSON pointer's place; nothing: the field is removed. */
    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                ";format;\"other\";format must be 'contexture-delimiters' but is 'other'",
                ";format;;format is missing",
                ";version;2;version must be text but is 2",
                ";version;\"2\";version must be '1' but is '2'",
                ";target_name;;target_name is missing",
                ";target_sha256;\"abc\";target_sha256 must be 64 lower-case",
                ";vocabulary_digest;\"ABC\";vocabulary_digest must be 64 lower-case",
                ";types;[\"turn\"];types must be [turn, blank-line",
                ";types;;types must be [turn, blank-line",
                ";shapes;[1, 2];shapes must be [special, newline-indent",
                ";scores;;scores.literal.prose.turn is missing",
                "/scores;sinkless;;scores.sinkless.prose.turn is missing",
                "/scores/literal;table;[];scores.literal.table.turn is missing",
                "/scores/literal/code;colon;;scores.literal.code.colon is missing",
                "/scores/literal/code;colon;\"a lot\";scores.literal.code.colon must be a number",
                "/scores/literal/code;colon;1e999;scores.literal.code.colon must be a number",
                ";shape_scores;;shape_scores.prose must have 16 scores but has 0",
                "/shape_scores;code;[1, 2];shape_scores.code must have 16 scores but has 2",
                "/shape_scores;code;[1, 2.5];shape_scores.code[1] must be a whole number but is 2.5",
                "/shape_scores;code;[1, 99999999999];shape_scores.code[1] must be a whole number",
                "/shape_scores;code;[9000000,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0];shape_scores.code[0] must be within"
            })
    void whatIsWrongIsNamed(String parent, String field, String value, String message) {
        ObjectNode json = (ObjectNode) JsonMapper.shared().readTree(TestTables.text());
        ObjectNode place = parent == null ? json : (ObjectNode) json.at(parent);
        if (value == null) {
            place.remove(field);
        } else {
            place.set(field, JsonMapper.shared().readTree(value));
        }
        assertThatThrownBy(() -> read(json.toString()))
                .isInstanceOf(DelimiterFormatException.class)
                .hasMessageContaining("table.json")
                .hasMessageContaining(message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {"'';no JSON", "[];no JSON object", "{\"format\";no JSON", "17;no JSON object"})
    void whatIsNoTableIsRefused(String text, String message) {
        assertThatThrownBy(() -> read(text))
                .isInstanceOf(DelimiterFormatException.class)
                .hasMessageContaining(message);
    }

    @Test
    void tablesAreFoundByModel() {
        assertThat(BuiltInDelimiters.find(TestTables.SAMPLE_SHA256))
                .hasValueSatisfying(table -> assertThat(table.targetName()).isEqualTo("sample"));
        assertThat(BuiltInDelimiters.find("f".repeat(64))).isEmpty();
        assertThatThrownBy(() -> BuiltInDelimiters.find("a".repeat(64)))
                .isInstanceOf(DelimiterFormatException.class)
                .hasMessageContaining("is the table of " + TestTables.SAMPLE_SHA256);
    }

    @Test
    void theGeneralTableFitsEveryVocabulary() {
        DelimiterTable table = BuiltInDelimiters.general();
        assertThat(table.fits(Pieces.classes(List.of("a", ".")))).isTrue();
        assertThat(table.isFor("f".repeat(64))).isTrue();
    }

    @Test
    void anotherVocabularyIsReportedAndNoError() {
        TokenClasses classes = Pieces.classes(List.of("a", "."));
        DelimiterTable sample = TestTables.sample();
        assertThat(sample.fits(classes)).isFalse();
        DelimiterTable own = new DelimiterTable(
                sample.targetName(),
                sample.targetSha256(),
                sample.literal(),
                sample.sinkless(),
                sample.shapeScores(),
                classes.digest(),
                sample.sha256());
        assertThat(own.fits(classes)).isTrue();
    }
}
