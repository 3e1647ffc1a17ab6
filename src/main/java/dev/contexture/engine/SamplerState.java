package dev.contexture.engine;

import dev.contexture.core.SamplingParams;
import java.util.HashMap;
import java.util.Map;

/** What sampling one sequence depends on besides the logits: its parameters, seed and the tokens so far. */
public final class SamplerState {
    private final SamplingParams params;
    private final long seed;
    private final Map<Integer, Integer> outputCounts = new HashMap<>();
    private final Map<Integer, Boolean> seen = new HashMap<>();
    private int position;

    /**
     * @param seed of the draws; the same seed gives the same draws at the same positions
     */
    public SamplerState(SamplingParams params, long seed, int[] promptTokens) {
        this.params = params;
        this.seed = seed;
        if (params.repetitionPenalty() != 1f) {
            for (int token : promptTokens) {
                seen.put(token, true);
            }
        }
    }

    /** The token was added to the output. */
    public void accept(int tokenId) {
        position++;
        if (params.repetitionPenalty() != 1f) {
            seen.put(tokenId, true);
        }
        if (params.frequencyPenalty() != 0f || params.presencePenalty() != 0f) {
            outputCounts.merge(tokenId, 1, Integer::sum);
        }
    }

    SamplingParams params() {
        return params;
    }

    Iterable<Integer> seenTokens() {
        return seen.keySet();
    }

    Map<Integer, Integer> outputCounts() {
        return outputCounts;
    }

    /** A number in [0, 1) that depends on seed and position alone (SplitMix64, Steele et al. 2014). */
    double draw() {
        long z = mix(seed + 0x9E3779B97F4A7C15L * (position + 1L));
        return (mix(z ^ seed) >>> 11) * 0x1.0p-53;
    }

    private static long mix(long value) {
        long z = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
