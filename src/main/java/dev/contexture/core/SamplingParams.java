package dev.contexture.core;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How the next token is drawn from the model's distribution.
 *
 * @param temperature 0 picks the most likely token; otherwise logits are divided by it, at most 2
 * @param topK keep the k most likely tokens; 0 keeps all
 * @param topP keep the smallest set of tokens whose probability reaches this, in (0, 1]
 * @param minP drop tokens less likely than this share of the most likely one, in [0, 1]
 * @param repetitionPenalty divides (multiplies if negative) the logits of tokens seen in prompt or output; 1 is off
 * @param frequencyPenalty subtracted per occurrence in the output, in [-2, 2]
 * @param presencePenalty subtracted once for tokens that occur in the output, in [-2, 2]
 * @param logitBias added to the logits by token id, each in [-100, 100]
 * @param seed makes the draw repeatable; absent: a fresh seed per request
 * @param logprobs whether the log-probability of each generated token is reported
 * @param topLogprobs how many of the likeliest alternatives are reported with it, at most 20
 */
public record SamplingParams(
        float temperature,
        int topK,
        float topP,
        float minP,
        float repetitionPenalty,
        float frequencyPenalty,
        float presencePenalty,
        Map<Integer, Float> logitBias,
        @Nullable Long seed,
        boolean logprobs,
        int topLogprobs) {
    public static final int MAX_TOP_LOGPROBS = 20;
    public static final SamplingParams GREEDY = new SamplingParams(0f, 0, 1f, 0f, 1f, 0f, 0f, Map.of(), null, false, 0);

    public SamplingParams {
        requireRange(temperature, 0f, 2f, "temperature");
        if (topK < 0) {
            throw new IllegalArgumentException("top_k must not be negative but is " + topK);
        }
        if (!(topP > 0f && topP <= 1f)) {
            throw new IllegalArgumentException("top_p must be in (0, 1] but is " + topP);
        }
        requireRange(minP, 0f, 1f, "min_p");
        if (!(repetitionPenalty > 0f && repetitionPenalty <= 10f)) {
            throw new IllegalArgumentException("repetition_penalty must be in (0, 10] but is " + repetitionPenalty);
        }
        requireRange(frequencyPenalty, -2f, 2f, "frequency_penalty");
        requireRange(presencePenalty, -2f, 2f, "presence_penalty");
        if (topLogprobs < 0 || topLogprobs > MAX_TOP_LOGPROBS) {
            throw new IllegalArgumentException(
                    "top_logprobs must be in [0, " + MAX_TOP_LOGPROBS + "] but is " + topLogprobs);
        }
        if (topLogprobs > 0 && !logprobs) {
            throw new IllegalArgumentException("top_logprobs needs logprobs to be true");
        }
        logitBias = Map.copyOf(logitBias);
        logitBias.values().forEach(bias -> requireRange(bias, -100f, 100f, "logit_bias"));
    }

    private static void requireRange(float value, float least, float most, String name) {
        if (!(value >= least && value <= most)) {
            throw new IllegalArgumentException(name + " must be in [" + least + ", " + most + "] but is " + value);
        }
    }
}
