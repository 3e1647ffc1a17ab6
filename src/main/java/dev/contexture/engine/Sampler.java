package dev.contexture.engine;

import dev.contexture.constrain.mask.TokenMask;
import dev.contexture.core.SamplingParams;
import dev.contexture.core.TokenLogprob;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.PriorityQueue;

/**
 * Draws the next token from a row of logits.
 *
 * <p>Order: penalties, bias, mask, temperature, min_p, top_k, top_p. Log-probabilities are those of the raw logits. Without
 * filters the draw runs over the vocabulary in order of ids; with filters only the candidates are sorted. One instance per thread: the row's scratch memory is kept.
 */
public final class Sampler {
    /** Candidates for top_p are gathered down to this share of the most likely token, then down by this factor again. */
    private static final float NUCLEUS_STEP = 1e-3f;

    /** Up to this many a queue beats sorting all. */
    private static final int MOST_IN_QUEUE = 256;

    private final float[] logits;

    /**
     * @param tokens ids below this are drawn; a model's head may have more columns than its tokenizer has tokens
     */
    public Sampler(int tokens) {
        logits = new float[tokens];
    }

    /**
     * @param row [vocabulary] logits from the buffer's position on; not changed
     */
    public SampledToken sample(long sequenceId, FloatBuffer row, SamplerState state) {
        row.duplicate().get(logits);
        SamplingParams params = state.params();
        Logprobs logprobs = params.logprobs() ? Logprobs.of(logits, params.topLogprobs()) : Logprobs.NONE;
        applyPenalties(state);
        Optional<TokenMask> mask = state.mask(sequenceId);
        mask.ifPresent(this::forbidOthers);
        int drawn = params.temperature() == 0f ? argmax(logits) : draw(params, state.draw());
        // One that is not allowed comes only where none that is has any weight.
        int token = mask.filter(allowed -> !allowed.allows(drawn))
                .map(TokenMask::first)
                .orElse(drawn);
        return new SampledToken(
                sequenceId,
                token,
                params.logprobs() ? row.get(row.position() + token) - logprobs.normaliser : Float.NaN,
                logprobs.top);
    }

    private record Logprobs(float normaliser, List<TokenLogprob> top) {
        static final Logprobs NONE = new Logprobs(Float.NaN, List.of());

        static Logprobs of(float[] logits, int count) {
            float most = logits[argmax(logits)];
            double sum = 0;
            for (float logit : logits) {
                sum += Math.exp(logit - most);
            }
            float normaliser = (float) (most + Math.log(sum));
            List<TokenLogprob> top = new ArrayList<>(count);
            for (int token : likeliest(logits, count)) {
                top.add(new TokenLogprob(token, logits[token] - normaliser));
            }
            return new Logprobs(normaliser, top);
        }
    }

    private void applyPenalties(SamplerState state) {
        float repetition = state.params().repetitionPenalty();
        state.forEachChange((token, repeated, penalty, bias) -> {
            if (repeated) {
                logits[token] = logits[token] > 0 ? logits[token] / repetition : logits[token] * repetition;
            }
            logits[token] = logits[token] - penalty + bias;
        });
    }

    private void forbidOthers(TokenMask mask) {
        for (int begin = 0; begin < logits.length; begin += Long.SIZE) {
            int end = Math.min(begin + Long.SIZE, logits.length);
            int index = begin / Long.SIZE;
            long word = index < mask.wordCount() ? mask.word(index) : 0;
            if (word == 0) {
                Arrays.fill(logits, begin, end, Float.NEGATIVE_INFINITY);
            } else if (word != -1) {
                for (int i = begin; i < end; i++) {
                    if ((word >>> i & 1) == 0) {
                        logits[i] = Float.NEGATIVE_INFINITY;
                    }
                }
            }
        }
    }

    /** The lowest id among the largest logits. */
    static int argmax(float[] logits) {
        float most = Float.NEGATIVE_INFINITY;
        for (float logit : logits) {
            most = Math.max(most, logit);
        }
        for (int i = 0; i < logits.length; i++) {
            if (logits[i] == most) {
                return i;
            }
        }
        throw new ModelRunException("the model's logits are not numbers");
    }

    /** Of a temperature above 0; finite, so that the largest logit's weight is 1. */
    static float inverseTemperature(SamplingParams params) {
        return Math.min(1f / params.temperature(), Float.MAX_VALUE);
    }

    /** Tokens whose weight is less than min_p have lower ones. */
    static float leastExponent(SamplingParams params) {
        return params.minP() > 0 ? (float) Math.log(params.minP()) : Float.NEGATIVE_INFINITY;
    }

    private int draw(SamplingParams params, double uniform) {
        int likeliest = argmax(logits);
        float most = logits[likeliest];
        if (Float.isInfinite(most)) {
            return likeliest; // there are no weights relative to it
        }
        float inverse = inverseTemperature(params);
        float floor = leastExponent(params);
        boolean unfiltered = params.topK() == 0 && params.topP() == 1f;
        // From here on logits hold weights relative to the most likely token.
        double total = 0;
        for (int i = 0; i < logits.length; i++) {
            float exponent = (logits[i] - most) * inverse;
            logits[i] = exponent < floor || exponent == Float.NEGATIVE_INFINITY ? 0f : (float) Math.exp(exponent);
            total += logits[i];
        }
        return unfiltered ? drawInOrder(uniform * total) : drawFromCandidates(params, total, uniform);
    }

    private int drawInOrder(double target) {
        double sum = 0;
        int last = 0;
        for (int i = 0; i < logits.length; i++) {
            if (logits[i] > 0) {
                sum += logits[i];
                last = i;
                if (sum > target) {
                    return i;
                }
            }
        }
        return last;
    }

    private int drawFromCandidates(SamplingParams params, double total, double uniform) {
        int[] candidates;
        double mass;
        if (params.topK() > 0 && params.topK() < logits.length) {
            candidates = likeliest(logits, params.topK());
            mass = massOf(candidates);
        } else {
            candidates = nucleusCandidates(params.topP() * total);
            mass = total;
        }
        double wanted = params.topP() * mass;
        double kept = 0;
        int count = 0;
        while (count < candidates.length && (count == 0 || kept < wanted)) {
            kept += logits[candidates[count++]];
        }
        double target = uniform * kept;
        double sum = 0;
        for (int i = 0; i < count; i++) {
            sum += logits[candidates[i]];
            if (sum > target) {
                return candidates[i];
            }
        }
        return candidates[count - 1];
    }

    private double massOf(int[] tokens) {
        double mass = 0;
        for (int token : tokens) {
            mass += logits[token];
        }
        return mass;
    }

    /** Tokens in order of weight that together reach {@code mass}; the rest of the vocabulary is never sorted. */
    private int[] nucleusCandidates(double mass) {
        for (float least = NUCLEUS_STEP; ; least *= NUCLEUS_STEP) {
            int count = 0;
            double sum = 0;
            for (float weight : logits) {
                if (weight >= least) {
                    count++;
                    sum += weight;
                }
            }
            if (sum >= mass || least == 0f) {
                return sortedFrom(least, count);
            }
        }
    }

    private int[] sortedFrom(float least, int count) {
        long[] keys = new long[count];
        int next = 0;
        for (int i = 0; i < logits.length; i++) {
            if (logits[i] >= least) {
                keys[next++] = key(logits[i], i);
            }
        }
        return sortedTokens(keys, count);
    }

    /** The {@code count} largest entries, largest first, lower ids first among equals. */
    static int[] likeliest(float[] values, int count) {
        if (count > MOST_IN_QUEUE) {
            long[] keys = new long[values.length];
            for (int i = 0; i < values.length; i++) {
                keys[i] = key(values[i], i);
            }
            return sortedTokens(keys, Math.min(count, values.length));
        }
        PriorityQueue<Long> best = new PriorityQueue<>(Math.max(1, count + 1), Comparator.reverseOrder());
        for (int i = 0; i < values.length && count > 0; i++) {
            long key = key(values[i], i);
            if (best.size() < count) {
                best.add(key);
            } else if (key < best.element()) {
                best.poll();
                best.add(key);
            }
        }
        return sortedTokens(best.stream().mapToLong(Long::longValue).toArray(), best.size());
    }

    /** Grows from large values to small ones, then from low ids to high ones. */
    private static long key(float value, int token) {
        int bits = Float.floatToRawIntBits(value + 0f); // no negative zero
        int ascending = bits ^ (bits >> 31 & Integer.MAX_VALUE);
        return (long) ~ascending << Integer.SIZE | token;
    }

    private static int[] sortedTokens(long[] keys, int count) {
        Arrays.sort(keys);
        int[] tokens = new int[count];
        for (int i = 0; i < count; i++) {
            tokens[i] = (int) keys[i];
        }
        return tokens;
    }
}
