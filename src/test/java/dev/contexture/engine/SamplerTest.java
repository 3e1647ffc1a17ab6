package dev.contexture.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.contexture.constrain.TokenConstraint;
import dev.contexture.constrain.mask.TokenMask;
import dev.contexture.core.SamplingParams;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Draws against the distribution that the parameters define. */
class SamplerTest {
    private static final int DRAWS = 20_000;
    /** Probabilities 0.4, 0.3, 0.2, 0.1. */
    private static final float[] LOGITS = {
        (float) Math.log(0.4), (float) Math.log(0.3), (float) Math.log(0.2), (float) Math.log(0.1)
    };

    /** Parameters by name, with everything off by default. */
    private static SamplingParams params(float temperature, int topK, float topP, float minP) {
        return new SamplingParams(temperature, topK, topP, minP, 1f, 0f, 0f, Map.of(), null, false, 0);
    }

    private static double[] frequencies(SamplingParams params) {
        Sampler sampler = new Sampler(4);
        SamplerState state = new SamplerState(params, 7, new int[0]);
        double[] counts = new double[4];
        for (int i = 0; i < DRAWS; i++) {
            int token = sampler.sample(1, FloatBuffer.wrap(LOGITS), state).tokenId();
            counts[token] += 1.0 / DRAWS;
            state.accept(token);
        }
        return counts;
    }

    private static void assertNear(double[] frequencies, double... expected) {
        for (int i = 0; i < expected.length; i++) {
            assertThat(frequencies[i]).as("token %d", i).isCloseTo(expected[i], within(0.015));
        }
    }

    @Test
    void drawsFromTheDistribution() {
        assertNear(frequencies(params(1f, 0, 1f, 0f)), 0.4, 0.3, 0.2, 0.1);
        double sum = 0.16 + 0.09 + 0.04 + 0.01;
        assertNear(frequencies(params(0.5f, 0, 1f, 0f)), 0.16 / sum, 0.09 / sum, 0.04 / sum, 0.01 / sum);
    }

    @Test
    void filtersKeepTheLikeliest() {
        assertNear(frequencies(params(1f, 2, 1f, 0f)), 4 / 7.0, 3 / 7.0, 0, 0);
        assertNear(frequencies(params(1f, 0, 0.65f, 0f)), 4 / 7.0, 3 / 7.0, 0, 0);
        assertNear(frequencies(params(1f, 0, 1f, 0.45f)), 4 / 9.0, 3 / 9.0, 2 / 9.0, 0);
        assertNear(frequencies(params(1f, 3, 0.5f, 0f)), 4 / 7.0, 3 / 7.0, 0, 0);
        assertNear(frequencies(params(1f, 1, 1f, 0f)), 1, 0, 0, 0);
        assertNear(frequencies(SamplingParams.GREEDY), 1, 0, 0, 0);
    }

    @Test
    void theSeedAndThePositionDecide() {
        Random random = new Random(3);
        float[] logits = new float[1000];
        for (int i = 0; i < logits.length; i++) {
            logits[i] = (float) random.nextGaussian();
        }
        Sampler sampler = new Sampler(logits.length);
        int[] first = draw(sampler, logits, 5);
        assertThat(draw(sampler, logits, 5)).containsExactly(first);
        assertThat(draw(sampler, logits, 6)).isNotEqualTo(first);
        assertThat(first).as("positions draw anew").doesNotHaveDuplicates();
    }

    private static int[] draw(Sampler sampler, float[] logits, long seed) {
        SamplerState state = new SamplerState(params(1f, 0, 1f, 0f), seed, new int[0]);
        int[] tokens = new int[8];
        for (int i = 0; i < tokens.length; i++) {
            tokens[i] = sampler.sample(1, FloatBuffer.wrap(logits), state).tokenId();
            state.accept(tokens[i]);
        }
        return tokens;
    }

    @Test
    void penaltiesAndBiasChangeTheOrder() {
        assertThat(greedy(1f, 0.5f, 0f, Map.of(), 0)).as("frequency penalty").isEqualTo(1);
        assertThat(greedy(1f, 0f, 0.5f, Map.of(), 0)).as("presence penalty").isEqualTo(1);
        assertThat(greedy(2f, 0f, 0f, Map.of(), 0)).as("repetition penalty").isEqualTo(1);
        assertThat(greedy(1f, 0f, 0f, Map.of(3, 100f), 0)).as("bias").isEqualTo(3);
        assertThat(greedy(1f, 0f, 0f, Map.of(), 0)).isZero();
    }

    private static int greedy(
            float repetition, float frequency, float presence, Map<Integer, Float> bias, int alreadyDrawn) {
        SamplingParams params =
                new SamplingParams(0f, 0, 1f, 0f, repetition, frequency, presence, bias, null, false, 0);
        SamplerState state = new SamplerState(params, 1, new int[0]);
        state.accept(alreadyDrawn);
        return new Sampler(4).sample(1, FloatBuffer.wrap(LOGITS), state).tokenId();
    }

    @Test
    void logprobsAreThoseOfTheRawLogits() {
        SamplingParams params = new SamplingParams(0.3f, 1, 1f, 0f, 1f, 0f, 0f, Map.of(2, 50f), null, true, 2);
        SampledToken token =
                new Sampler(4).sample(1, FloatBuffer.wrap(LOGITS), new SamplerState(params, 1, new int[0]));
        assertThat(token.tokenId()).isEqualTo(2);
        assertThat(Math.exp(token.logprob())).isCloseTo(0.2, within(1e-6));
        assertThat(token.topLogprobs()).extracting(top -> top.tokenId()).containsExactly(0, 1);
    }

    @Test
    void whatHasNoWeightsIsDrawnAsTheLargest() {
        float none = Float.NEGATIVE_INFINITY;
        for (SamplingParams params : List.of(params(1f, 0, 1f, 0f), params(1f, 2, 1f, 0f), params(1f, 0, 0.9f, 0f))) {
            assertThat(drawn(params, none, none, none)).isZero();
            assertThat(drawn(params, 0f, Float.POSITIVE_INFINITY, 1f)).isEqualTo(1);
            assertThat(drawn(params, none, none, 1f)).isEqualTo(2);
        }
        assertThat(drawn(params(Float.MIN_VALUE, 0, 1f, 0f), 0f, 1f, 0.5f))
                .as("the inverse is not a float")
                .isEqualTo(1);
        assertThatThrownBy(() -> drawn(SamplingParams.GREEDY, 0f, Float.NaN, 1f))
                .isInstanceOf(ModelRunException.class)
                .hasMessageContaining("not numbers");
    }

    /** The same mask for every token. */
    private record Fixed(TokenMask mask) implements TokenConstraint {
        @Override
        public void accept(int token) {}
    }

    private static int drawnOf(TokenMask mask, SamplingParams params, long seed, float... logits) {
        SamplerState state = new SamplerState(params, seed, new int[0], Optional.of(new Fixed(mask)));
        return new Sampler(logits.length)
                .sample(1, FloatBuffer.wrap(logits), state)
                .tokenId();
    }

    @Test
    void onlyTokensOfTheMaskAreDrawn() {
        TokenMask mask = TokenMask.of(4, 1, 3);
        for (SamplingParams params : List.of(
                params(1f, 0, 1f, 0f), params(1f, 3, 1f, 0f), params(2f, 0, 0.9f, 0f), params(1f, 0, 1f, 0.2f))) {
            boolean[] drawn = new boolean[4];
            for (int seed = 0; seed < 500; seed++) {
                drawn[drawnOf(mask, params, seed, LOGITS)] = true;
            }
            assertThat(drawn).containsExactly(false, true, false, true);
        }
        assertThat(drawnOf(mask, SamplingParams.GREEDY, 0, LOGITS)).isEqualTo(1);
        float never = Float.NEGATIVE_INFINITY;
        for (SamplingParams params : List.of(SamplingParams.GREEDY, params(1f, 0, 1f, 0f))) {
            assertThat(drawnOf(mask, params, 0, 1f, never, 2f, never))
                    .as("the lowest that is allowed, where none is possible")
                    .isEqualTo(1);
        }
        assertThat(drawnOf(TokenMask.of(2, 1), SamplingParams.GREEDY, 0, 1f, 0f, 2f, 3f))
                .as("tokens behind the mask are not allowed")
                .isEqualTo(1);
    }

    private static int drawn(SamplingParams params, float... logits) {
        SamplerState state = new SamplerState(params, 5, new int[0]);
        return new Sampler(logits.length)
                .sample(1, FloatBuffer.wrap(logits), state)
                .tokenId();
    }

    @Test
    void badParametersAreNamed() {
        assertThatThrownBy(() -> params(3f, 0, 1f, 0f)).hasMessageContaining("temperature");
        assertThatThrownBy(() -> params(1f, -1, 1f, 0f)).hasMessageContaining("top_k");
        assertThatThrownBy(() -> params(1f, 0, 0f, 0f)).hasMessageContaining("top_p");
        assertThatThrownBy(() -> params(Float.NaN, 0, 1f, 0f)).hasMessageContaining("temperature");
    }
}
