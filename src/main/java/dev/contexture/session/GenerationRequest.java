package dev.contexture.session;

import dev.contexture.constrain.ConstraintSpec;
import dev.contexture.core.SamplingParams;
import dev.contexture.core.SparsityOverrides;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What a front door asks for.
 *
 * @param maxTokens most tokens per choice; absent: as many as the context length allows
 * @param stop texts that end a choice; they are not part of its output
 * @param choices independent answers to the same prompt ("n")
 * @param tenant whose queue and whose cached prefixes are used
 * @param cacheSalt the caller's own salt, added to the tenant's; empty for none
 * @param sparsity how the answers are decoded, where it is not as the server says
 * @param session whose turn this is; empty for a request by itself
 * @param constraint what the answers must be; empty: anything. Stop sequences, which would cut them, may not come with it
 */
public record GenerationRequest(
        Prompt prompt,
        OptionalInt maxTokens,
        List<String> stop,
        int choices,
        SamplingParams sampling,
        String tenant,
        String cacheSalt,
        SparsityOverrides sparsity,
        Optional<SessionUse> session,
        Optional<ConstraintSpec> constraint) {
    /** By itself. */
    public GenerationRequest(
            Prompt prompt,
            OptionalInt maxTokens,
            List<String> stop,
            int choices,
            SamplingParams sampling,
            String tenant,
            String cacheSalt,
            SparsityOverrides sparsity) {
        this(
                prompt,
                maxTokens,
                stop,
                choices,
                sampling,
                tenant,
                cacheSalt,
                sparsity,
                Optional.empty(),
                Optional.empty());
    }

    public GenerationRequest {
        stop = List.copyOf(stop);
        if (choices < 1) {
            throw new IllegalArgumentException("n must be at least 1 but is " + choices);
        }
        if (maxTokens.isPresent() && maxTokens.getAsInt() < 1) {
            throw new IllegalArgumentException("max_tokens must be at least 1 but is " + maxTokens.getAsInt());
        }
        if (stop.stream().anyMatch(String::isEmpty)) {
            throw new IllegalArgumentException("a stop sequence must not be empty");
        }
        if (constraint.isPresent() && !stop.isEmpty()) {
            throw new IllegalArgumentException(
                    "stop must be left out where the answer has a format: a stop sequence would cut it");
        }
    }

    /** The same of another prompt. */
    public GenerationRequest with(Prompt other) {
        return new GenerationRequest(
                other, maxTokens, stop, choices, sampling, tenant, cacheSalt, sparsity, session, constraint);
    }

    /** The same as a session's turn. */
    GenerationRequest inSession(Prompt sessionPrompt, SessionUse use) {
        return new GenerationRequest(
                sessionPrompt,
                maxTokens,
                stop,
                choices,
                sampling,
                tenant,
                cacheSalt,
                sparsity,
                Optional.of(use),
                constraint);
    }

    /**
     * The same with answers that must be something.
     *
     * @throws IllegalArgumentException if there are stop sequences
     */
    public GenerationRequest constrained(ConstraintSpec spec) {
        return new GenerationRequest(
                prompt, maxTokens, stop, choices, sampling, tenant, cacheSalt, sparsity, session, Optional.of(spec));
    }

    /**
     * What keeps a tenant's prefixes apart from those of others. Lengths make the pair unambiguous, so that no tenant can write
     * another's.
     */
    static String prefixSalt(String tenant, String cacheSalt) {
        return tenant.length() + ":" + tenant + ":" + cacheSalt;
    }
}
