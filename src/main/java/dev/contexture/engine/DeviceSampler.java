package dev.contexture.engine;

import dev.contexture.constrain.mask.TokenMask;
import dev.contexture.core.SamplingParams;
import dev.contexture.core.TokenLogprob;
import dev.contexture.nativelib.DrawRequest;
import dev.contexture.nativelib.DrawnTokens;
import dev.contexture.nativelib.NativeException;
import dev.contexture.nativelib.NativeSampler;
import java.util.ArrayList;
import java.util.List;

/**
 * Draws where the logits are: tells the native library what {@link Sampler} would do with each row, so that a seed gives the
 * same tokens on either. Only the tokens come back.
 */
public final class DeviceSampler implements RowSampler {
    private final NativeSampler device;
    private final int tokens;
    private final DrawRequest request = new DrawRequest();

    /**
     * @param tokens ids below this are drawn
     */
    public DeviceSampler(NativeSampler device, int tokens) {
        this.device = device;
        this.tokens = tokens;
    }

    @Override
    public List<SampledToken> sample(List<Row> rows) {
        if (rows.isEmpty()) {
            return List.of();
        }
        request.clear();
        rows.forEach(row -> request(row.sequenceId(), row.state()));
        try {
            DrawnTokens drawn = device.draw(request, tokens);
            List<SampledToken> sampled = new ArrayList<>(rows.size());
            for (int row = 0; row < rows.size(); row++) {
                sampled.add(sampled(rows.get(row), drawn, row));
            }
            return sampled;
        } catch (NativeException e) {
            throw new ModelRunException("drawing tokens failed: " + e.getMessage(), e);
        }
    }

    private void request(long sequenceId, SamplerState state) {
        SamplingParams params = state.params();
        boolean greedy = params.temperature() == 0f;
        state.forEachChange(request::change);
        state.mask(sequenceId).ifPresent(mask -> request.mask(wordsOf(mask)));
        request.row(new DrawRequest.Row(
                greedy ? 0 : state.draw(),
                greedy ? 0f : Sampler.inverseTemperature(params),
                Sampler.leastExponent(params),
                params.topP(),
                params.repetitionPenalty(),
                params.topK(),
                params.logprobs() ? params.topLogprobs() : DrawRequest.NO_LOGPROBS));
    }

    private long[] wordsOf(TokenMask mask) {
        long[] words = new long[DrawRequest.maskWords(tokens)];
        for (int i = 0; i < Math.min(words.length, mask.wordCount()); i++) {
            words[i] = mask.word(i);
        }
        return words;
    }

    private SampledToken sampled(Row asked, DrawnTokens drawn, int row) {
        int count = Math.min(asked.state().params().topLogprobs(), tokens);
        List<TokenLogprob> top = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            top.add(new TokenLogprob(drawn.topToken(row, i), drawn.topLogprob(row, i)));
        }
        return new SampledToken(asked.sequenceId(), drawn.token(row), drawn.logprob(row), top);
    }
}
