package dev.contexture.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.contexture.constrain.TokenConstraint;
import dev.contexture.constrain.mask.TokenMask;
import dev.contexture.core.SamplingParams;
import dev.contexture.core.TokenLogprob;
import dev.contexture.nativelib.DrawRequest;
import dev.contexture.nativelib.DrawnTokens;
import dev.contexture.nativelib.NativeException;
import dev.contexture.testing.FakeNativeSampler;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What is asked of a device, against the draws of the host. */
class DeviceSamplerTest {
    private static final int TOKENS = 300;
    /** The model's head has more columns than there are tokens; theirs are the largest. */
    private static final int VOCABULARY = 310;

    private final Random random = new Random(11);

    private float[] logits() {
        float[] logits = new float[VOCABULARY];
        for (int i = 0; i < VOCABULARY; i++) {
            logits[i] = i < TOKENS ? (float) (2 * random.nextGaussian()) : 100f;
        }
        return logits;
    }

    private SamplingParams params() {
        boolean logprobs = random.nextBoolean();
        Map<Integer, Float> bias = new HashMap<>();
        for (int i = random.nextInt(20); i > 0; i--) {
            bias.put(random.nextInt(TOKENS), random.nextInt(3) == 0 ? -100f : random.nextFloat() * 4);
        }
        return new SamplingParams(
                random.nextInt(4) == 0 ? 0f : 0.3f + random.nextFloat(),
                random.nextBoolean() ? 0 : 1 + random.nextInt(2 * TOKENS),
                random.nextBoolean() ? 1f : 0.2f + 0.7f * random.nextFloat(),
                random.nextBoolean() ? 0f : 0.1f * random.nextFloat(),
                random.nextBoolean() ? 1f : 0.5f + random.nextFloat(),
                random.nextBoolean() ? 0f : random.nextFloat(),
                random.nextBoolean() ? 0f : random.nextFloat(),
                bias,
                null,
                logprobs,
                logprobs ? random.nextInt(SamplingParams.MAX_TOP_LOGPROBS + 1) : 0);
    }

    /** Of a sequence that has put out some tokens. */
    private SamplerState state() {
        int[] prompt = random.ints(50, 0, TOKENS).toArray();
        SamplerState state = new SamplerState(
                params(),
                random.nextLong(),
                prompt,
                random.nextBoolean() ? Optional.of(new Fixed()) : Optional.empty());
        random.ints(random.nextInt(30), 0, TOKENS).forEach(state::accept);
        return state;
    }

    /** The same mask for every token, of one token in three. */
    private final class Fixed implements TokenConstraint {
        private final TokenMask mask =
                TokenMask.of(TOKENS, random.ints(TOKENS / 3, 0, TOKENS).toArray());

        @Override
        public TokenMask mask() {
            return mask;
        }

        @Override
        public void accept(int token) {}
    }

    @Test
    void seedsGiveTheTokensOfTheHost() {
        Sampler host = new Sampler(TOKENS);
        for (int step = 0; step < 200; step++) {
            float[][] logits = {logits(), logits(), logits()};
            List<RowSampler.Row> rows = new ArrayList<>();
            for (int row = 0; row < logits.length; row++) {
                rows.add(new RowSampler.Row(7 + row, state()));
            }
            List<SampledToken> sampled = new DeviceSampler(new FakeNativeSampler(logits), TOKENS).sample(rows);
            for (int row = 0; row < logits.length; row++) {
                RowSampler.Row asked = rows.get(row);
                assertSame(
                        sampled.get(row),
                        host.sample(asked.sequenceId(), FloatBuffer.wrap(logits[row]), asked.state()));
            }
        }
    }

    private static void assertSame(SampledToken device, SampledToken host) {
        assertThat(device.sequenceId()).isEqualTo(host.sequenceId());
        assertThat(device.tokenId()).isEqualTo(host.tokenId());
        if (Float.isNaN(host.logprob())) {
            assertThat(device.logprob()).isNaN();
        } else {
            assertThat(device.logprob()).isCloseTo(host.logprob(), within(1e-5f));
        }
        assertThat(device.topLogprobs())
                .extracting(TokenLogprob::tokenId)
                .isEqualTo(
                        host.topLogprobs().stream().map(TokenLogprob::tokenId).toList());
        for (int i = 0; i < host.topLogprobs().size(); i++) {
            assertThat(device.topLogprobs().get(i).logprob())
                    .isCloseTo(host.topLogprobs().get(i).logprob(), within(1e-5f));
        }
    }

    @Test
    void eachTokenIsChangedOnceByAllThatConcernsIt() {
        Map<Integer, Float> bias = Map.of(1, 4f, 2, 5f, 3, 6f);
        SamplingParams params = new SamplingParams(1f, 0, 1f, 0f, 1.5f, 0.5f, 0.25f, bias, null, false, 0);
        SamplerState state = new SamplerState(params, 1, new int[] {0, 1, 0});
        state.accept(2);
        state.accept(2);
        List<DrawRequest.Change> changes = new ArrayList<>();
        state.forEachChange((token, repeated, penalty, added) ->
                changes.add(new DrawRequest.Change(token, repeated, penalty, added)));
        assertThat(changes)
                .containsExactlyInAnyOrder(
                        new DrawRequest.Change(0, true, 0f, 0f),
                        new DrawRequest.Change(1, true, 0f, 4f),
                        new DrawRequest.Change(2, true, 1.25f, 5f),
                        new DrawRequest.Change(3, false, 0f, 6f));
    }

    @Test
    void requestsGrowWithWhatIsAsked() {
        DrawRequest request = new DrawRequest();
        for (int round = 0; round < 2; round++) {
            request.clear();
            for (int row = 0; row < 200; row++) {
                for (int i = 0; i < 50; i++) {
                    request.change(50 * row + i, i % 2 == 1, i, -i);
                }
                request.row(new DrawRequest.Row(row / 200.0, 1f, -2f, 0.5f, 1f, row, 3));
            }
        }
        assertThat(request.rowCount()).isEqualTo(200);
        assertThat(request.row(150)).isEqualTo(new DrawRequest.Row(0.75, 1f, -2f, 0.5f, 1f, 150, 3));
        assertThat(request.changesEnd(150)).isEqualTo(50 * 151);
        assertThat(request.change(50 * 150 + 7)).isEqualTo(new DrawRequest.Change(50 * 150 + 7, true, 7f, -7f));
    }

    @Test
    void aFailedDrawFailsTheStep() {
        DeviceSampler sampler = new DeviceSampler(
                (request, tokens) -> {
                    throw new NativeException("the model's logits are not numbers");
                },
                TOKENS);
        assertThatThrownBy(() -> sampler.sample(List.of(new RowSampler.Row(1, state()))))
                .isInstanceOf(ModelRunException.class)
                .hasMessageContaining("not numbers");
        assertThat(sampler.sample(List.of())).as("no call is made for no rows").isEmpty();
    }

    @Test
    void asManyLikeliestTokensAsMayBeAskedFor() {
        assertThat(DrawnTokens.MOST_TOP).isEqualTo(SamplingParams.MAX_TOP_LOGPROBS);
    }
}
