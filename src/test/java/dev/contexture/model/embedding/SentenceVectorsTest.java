package dev.contexture.model.embedding;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.FloatBuffer;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class SentenceVectorsTest {
    private static final Offset<Float> ROUNDING = Offset.offset(1e-6f);

    @Test
    void theMeanIsOfTheSequencesOwnTokensAndHasLengthOne() {
        FloatBuffer states = FloatBuffer.wrap(new float[] {9, 9, 1, 2, 5, 6, 100, 100});
        assertThat(SentenceVectors.mean(states, 1, 2, 2)).containsExactly(new float[] {0.6f, 0.8f}, ROUNDING);
    }

    @Test
    void aShortenedVectorHasLengthOneAgain() {
        float[] vector = {3, 4, 12};
        assertThat(SentenceVectors.shortened(vector, 2)).containsExactly(new float[] {0.6f, 0.8f}, ROUNDING);
        assertThat(SentenceVectors.shortened(vector, 3)).isSameAs(vector);
    }

    @Test
    void nothingIsDividedByAZeroLength() {
        assertThat(SentenceVectors.shortened(new float[] {0, 0, 1}, 2)).containsExactly(0, 0);
    }
}
