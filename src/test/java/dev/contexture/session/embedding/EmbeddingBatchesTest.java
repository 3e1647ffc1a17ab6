package dev.contexture.session.embedding;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class EmbeddingBatchesTest {
    @Test
    void neighboursInLengthGoTogetherWithinTheBounds() {
        assertThat(EmbeddingBatches.of(new int[] {3, 9, 4, 30, 3}, 12, 3))
                .containsExactly(new int[] {3}, new int[] {1}, new int[] {2, 0, 4});
    }

    @Test
    void eachInputIsInOneBatchOfAllowedSize() {
        Random random = new Random(4);
        for (int round = 0; round < 300; round++) {
            int[] lengths = random.ints(1 + random.nextInt(60), 1, 40).toArray();
            int mostTokens = 1 + random.nextInt(120);
            int mostInputs = 1 + random.nextInt(9);
            List<int[]> batches = EmbeddingBatches.of(lengths, mostTokens, mostInputs);
            assertThat(batches.stream().flatMapToInt(Arrays::stream).sorted())
                    .containsExactlyElementsOf(
                            IntStream.range(0, lengths.length).boxed().toList());
            assertThat(batches).allSatisfy(batch -> {
                int longest = Arrays.stream(batch).map(i -> lengths[i]).max().orElseThrow();
                assertThat(batch.length).isBetween(1, mostInputs);
                assertThat(batch.length == 1 || batch.length * longest <= mostTokens)
                        .isTrue();
            });
        }
    }
}
