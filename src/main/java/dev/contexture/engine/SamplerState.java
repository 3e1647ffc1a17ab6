package dev.contexture.engine;

import dev.contexture.constrain.MaskFailedException;
import dev.contexture.constrain.TokenConstraint;
import dev.contexture.constrain.mask.TokenMask;
import dev.contexture.core.SamplingParams;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What sampling one sequence depends on besides the logits: its parameters, seed, constraint and the tokens so far. */
public final class SamplerState {
    private final SamplingParams params;
    private final long seed;
    private final Optional<TokenConstraint> constraint;
    private final Map<Integer, Integer> outputCounts = new HashMap<>();
    private final Set<Integer> seen = new HashSet<>();
    private int position;

    /** Any token may be drawn. */
    public SamplerState(SamplingParams params, long seed, int[] promptTokens) {
        this(params, seed, promptTokens, Optional.empty());
    }

    /**
     * @param seed of the draws; the same seed gives the same draws at the same positions
     * @param constraint of the output, which is at its beginning; empty: any token may be drawn
     */
    public SamplerState(SamplingParams params, long seed, int[] promptTokens, Optional<TokenConstraint> constraint) {
        this.params = params;
        this.seed = seed;
        this.constraint = constraint;
        if (params.repetitionPenalty() != 1f) {
            for (int token : promptTokens) {
                seen.add(token);
            }
        }
    }

    /** The token was added to the output. */
    public void accept(int tokenId) {
        position++;
        constraint.ifPresent(text -> text.accept(tokenId));
        if (params.repetitionPenalty() != 1f) {
            seen.add(tokenId);
        }
        if (params.frequencyPenalty() != 0f || params.presencePenalty() != 0f) {
            outputCounts.merge(tokenId, 1, Integer::sum);
        }
    }

    /**
     * The tokens of which the next must be one; empty: any.
     *
     * @param sequenceId whose state this is
     * @throws FailedConstraintException if they cannot be told, or not in time
     */
    Optional<TokenMask> mask(long sequenceId) {
        try {
            return constraint.map(TokenConstraint::mask);
        } catch (MaskFailedException e) {
            throw new FailedConstraintException(sequenceId, e);
        }
    }

    SamplingParams params() {
        return params;
    }

    /** Hears of a logit that is changed before the draw. */
    interface LogitChanges {
        /**
         * @param repeated whether the repetition penalty applies, before all else
         * @param penalty is subtracted then
         * @param bias is added last
         */
        void change(int token, boolean repeated, float penalty, float bias);
    }

    /** All changes by penalties and bias, each token once. */
    void forEachChange(LogitChanges changes) {
        Map<Integer, Float> bias = params.logitBias();
        for (int token : seen) {
            changes.change(token, true, penalty(token), bias.getOrDefault(token, 0f));
        }
        for (int token : outputCounts.keySet()) {
            if (!seen.contains(token)) {
                changes.change(token, false, penalty(token), bias.getOrDefault(token, 0f));
            }
        }
        bias.forEach((token, added) -> {
            if (!seen.contains(token) && !outputCounts.containsKey(token)) {
                changes.change(token, false, 0f, added);
            }
        });
    }

    private float penalty(int token) {
        int count = outputCounts.getOrDefault(token, 0);
        return count == 0 ? 0f : params.frequencyPenalty() * count + params.presencePenalty();
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
