package dev.contexture.provider;

import dev.contexture.core.SamplingParams;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What both frameworks say about sampling, with the same defaults as the HTTP side. */
public record Sampling(
        @Nullable Double temperature,
        @Nullable Integer topK,
        @Nullable Double topP,
        @Nullable Double frequencyPenalty,
        @Nullable Double presencePenalty,
        @Nullable Double minP,
        @Nullable Double repetitionPenalty,
        @Nullable Long seed) {
    /**
     * @throws IllegalArgumentException if a value is out of range; names it
     */
    public SamplingParams toParams() {
        return new SamplingParams(
                or(temperature, 1f),
                topK == null ? 0 : topK,
                or(topP, 1f),
                or(minP, 0f),
                or(repetitionPenalty, 1f),
                or(frequencyPenalty, 0f),
                or(presencePenalty, 0f),
                Map.of(),
                seed,
                false,
                0);
    }

    private static float or(@Nullable Double value, float otherwise) {
        return value == null ? otherwise : value.floatValue();
    }
}
