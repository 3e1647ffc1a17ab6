package dev.contexture.engine;

import dev.contexture.core.TokenLogprob;
import java.util.List;

/**
 * A token that was drawn for a sequence.
 *
 * @param logprob under the model's own distribution; NaN when not asked for
 */
public record SampledToken(long sequenceId, int tokenId, float logprob, List<TokenLogprob> topLogprobs) {
    public SampledToken {
        topLogprobs = List.copyOf(topLogprobs);
    }
}
