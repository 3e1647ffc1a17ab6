package dev.contexture.split;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Texts of several kinds, glued. */
class KindTrackerTest {
    private static final String PROSE = """
            The harbour lay quiet under a thin mist, and nobody on the quay spoke above a whisper. Old Marten had seen \
            such mornings before: they began with silence and ended with wind. He coiled the last rope, looked at the \
            sky, and thought of the letter that waited on his table. It had come from the north, with a seal that he \
            did not know, and he had carried it home unopened. Perhaps it would rain later, perhaps not; the gulls \
            seemed to believe in rain. When the bell rang he rose, as he had risen every day for thirty years, and \
            walked slowly towards the church, where the others stood and waited for someone to begin. They talked about \
            the price of salt and about a ship that was late. Nobody said what all of them feared.
            """;
    private static final String CODE = """
            public int find(String name) {
                for (int i = 0; i < count; i++) {
                    if (names[i].equals(name)) {
                        return values[i] + offset;
                    }
                }
                throw new NoSuchElementException("no entry '" + name + "'");
            }

            static long sum(int[] values) {
                long total = 0;
                for (int value : values) {
                    total += value;
                }
                return total;
            }

            def load(path, mode="r"):
                with open(path, mode) as handle:
                    rows = [line.split(",") for line in handle]
                return {row[0]: float(row[1]) for row in rows if len(row) > 1}
            """;
    private static final String TABLE = """
            | city | 2021 | 2022 | 2023 | 2024 |
            | --- | --- | --- | --- | --- |
            | Bergen | 285.9 | 286.9 | 289.3 | 291.2 |
            | Oslo | 697.0 | 699.8 | 709.0 | 717.7 |
            | Tromsø | 77.1 | 77.5 | 77.9 | 78.7 |
            | Bodø | 52.8 | 53.3 | 53.7 | 53.8 |
            | Molde | 31.9 | 32.0 | 32.2 | 32.5 |
            | Narvik | 21.8 | 21.5 | 21.6 | 21.5 |
            """;
    private static final String DIALOGUE = """
            <|im_start|>user
            Hello! Can you tell me how to boil an egg?<|im_end|>
            <|im_start|>assistant
            Sure. Put it into boiling water for six minutes.<|im_end|>
            <|im_start|>user
            And if I want it soft?<|im_end|>
            <|im_start|>assistant
            Then four minutes will do. Cool it at once.<|im_end|>
            <|im_start|>user
            Thank you, that's great!<|im_end|>
            """;

    private final Pieces pieces = new Pieces();

    private TextKind[] kinds(int[] tokens) {
        TokenClasses classes = pieces.classes();
        KindTracker tracker = new KindTracker(BuiltInDelimiters.general().shapeScores());
        TextKind[] kinds = new TextKind[tokens.length];
        for (int i = 0; i < tokens.length; i++) {
            tracker.accept(classes.shape(tokens[i]));
            kinds[i] = tracker.kind();
        }
        return kinds;
    }

    private static List<TextKind> phases(TextKind[] kinds) {
        TextKind[] changes = new TextKind[kinds.length];
        int count = 0;
        for (TextKind kind : kinds) {
            if (count == 0 || changes[count - 1] != kind) {
                changes[count++] = kind;
            }
        }
        return List.of(Arrays.copyOf(changes, count));
    }

    @Test
    void eachKindIsTold() {
        assertThat(phases(kinds(pieces.encode(PROSE)))).containsExactly(TextKind.PROSE);
        assertThat(phases(kinds(pieces.encode(CODE)))).containsExactly(TextKind.PROSE, TextKind.CODE);
        assertThat(phases(kinds(pieces.encode(TABLE)))).containsExactly(TextKind.PROSE, TextKind.TABLE);
        assertThat(phases(kinds(pieces.encode(DIALOGUE)))).containsExactly(TextKind.PROSE, TextKind.DIALOGUE);
    }

    @Test
    void aGluedTextChangesItsKindOnceAtEachSeamAndWithinTheWindow() {
        int[] parts = {
            pieces.encode(PROSE).length,
            pieces.encode(CODE).length,
            pieces.encode(PROSE).length,
            pieces.encode(TABLE).length
        };
        TextKind[] kinds = kinds(pieces.encode(PROSE + CODE + PROSE + TABLE));
        assertThat(phases(kinds)).containsExactly(TextKind.PROSE, TextKind.CODE, TextKind.PROSE, TextKind.TABLE);
        int seam = parts[0];
        int late = KindTracker.WINDOW_TOKENS + KindTracker.PATIENCE_TOKENS;
        assertThat(Arrays.asList(kinds).indexOf(TextKind.CODE)).isBetween(seam, seam + late);
        seam += parts[1];
        assertThat(Arrays.asList(kinds).lastIndexOf(TextKind.CODE)).isBetween(seam, seam + late);
        seam += parts[2];
        assertThat(Arrays.asList(kinds).indexOf(TextKind.TABLE)).isBetween(seam, seam + late);
    }

    @Test
    void aShortQuotationChangesNothing() {
        String quoted = PROSE + "Then call `names[i].equals(name)` and go on. " + PROSE;
        assertThat(phases(kinds(pieces.encode(quoted)))).containsExactly(TextKind.PROSE);
    }

    @Test
    void theKindDependsOnThePrefixAlone() {
        TextKind[] alone = kinds(pieces.encode(PROSE + CODE));
        TextKind[] more = kinds(pieces.encode(PROSE + CODE + TABLE + DIALOGUE));
        // The last piece of white space may be cut otherwise when more follows.
        assertThat(Arrays.copyOf(more, alone.length - 1)).isEqualTo(Arrays.copyOf(alone, alone.length - 1));
    }

    @Test
    void withoutScoresEveryTextIsProse() {
        KindTracker tracker = new KindTracker(ShapeScores.NEUTRAL);
        for (int i = 0; i < 300; i++) {
            tracker.accept(TokenShape.BRACKET);
        }
        assertThat(tracker.kind()).isEqualTo(TextKind.PROSE);
    }
}
