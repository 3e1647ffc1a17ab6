package dev.contexture.api;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What both kinds of completion say about sampling and length, as it stands in the body. */
interface SamplingFields {
    @Nullable
    Float temperature();

    @Nullable
    Integer topK();

    @Nullable
    Float topP();

    @Nullable
    Float minP();

    @Nullable
    Float repetitionPenalty();

    @Nullable
    Float frequencyPenalty();

    @Nullable
    Float presencePenalty();

    @Nullable
    Map<String, Float> logitBias();

    @Nullable
    Long seed();

    @Nullable
    Object stop();

    @Nullable
    Integer n();
}
