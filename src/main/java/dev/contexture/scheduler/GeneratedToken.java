package dev.contexture.scheduler;

import dev.contexture.core.TokenLogprob;
import java.util.List;

/**
 * One token that a sequence produced.
 *
 * @param logprob natural logarithm of its probability under the model; NaN when log-probabilities were not asked for
 * @param topLogprobs the likeliest tokens, best first; empty when not asked for
 */
public record GeneratedToken(int tokenId, float logprob, List<TokenLogprob> topLogprobs) {
    public GeneratedToken {
        topLogprobs = List.copyOf(topLogprobs);
    }
}
