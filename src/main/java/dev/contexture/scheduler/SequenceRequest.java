package dev.contexture.scheduler;

import dev.contexture.constrain.Constraint;
import dev.contexture.core.SamplingParams;
import dev.contexture.core.Sparsity;
import dev.contexture.kv.tier.TierUse;
import java.util.Optional;
import java.util.Set;

/**
 * One sequence to generate.
 *
 * @param promptTokens at least one
 * @param maxTokens most tokens to generate, at least 1; prompt and output together must fit the context length
 * @param stopTokens tokens that end the sequence; they are reported as finish reason, not as output
 * @param tenant who pays: queues are served in turn between tenants
 * @param cacheSalt prefixes are shared only between sequences of equal salt; derived from the tenant by the caller
 * @param sparsity how the output is decoded
 * @param tiers whose stored blocks are used; empty: none
 * @param constraint what the output must be; empty: anything
 */
public record SequenceRequest(
        int[] promptTokens,
        int maxTokens,
        Set<Integer> stopTokens,
        SamplingParams sampling,
        String tenant,
        String cacheSalt,
        Sparsity sparsity,
        Optional<TierUse> tiers,
        Optional<Constraint> constraint,
        TokenSink sink) {
    /** Nothing is stored of it. */
    public SequenceRequest(
            int[] promptTokens,
            int maxTokens,
            Set<Integer> stopTokens,
            SamplingParams sampling,
            String tenant,
            String cacheSalt,
            Sparsity sparsity,
            TokenSink sink) {
        this(promptTokens, maxTokens, stopTokens, sampling, tenant, cacheSalt, sparsity, Optional.empty(), sink);
    }

    /** Its output may be anything. */
    public SequenceRequest(
            int[] promptTokens,
            int maxTokens,
            Set<Integer> stopTokens,
            SamplingParams sampling,
            String tenant,
            String cacheSalt,
            Sparsity sparsity,
            Optional<TierUse> tiers,
            TokenSink sink) {
        this(promptTokens, maxTokens, stopTokens, sampling, tenant, cacheSalt, sparsity, tiers, Optional.empty(), sink);
    }

    public SequenceRequest {
        if (promptTokens.length == 0) {
            throw new IllegalArgumentException("the prompt must have at least one token");
        }
        if (maxTokens < 1) {
            throw new IllegalArgumentException("maxTokens must be at least 1 but is " + maxTokens);
        }
        promptTokens = promptTokens.clone();
        stopTokens = Set.copyOf(stopTokens);
    }

    @Override
    public int[] promptTokens() {
        return promptTokens.clone();
    }

    public int promptLength() {
        return promptTokens.length;
    }
}
