package dev.contexture.config;

import dev.contexture.core.Precision;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How the model is computed.
 *
 * @param precision fast (8-bit activations, fp16 KV) or exact (float32 throughout)
 * @param threads of products and attention; 0: one per processor
 * @param contextLength longest sequence in tokens; 0: what the model was made for
 */
@ConfigurationProperties("contexture.engine")
public record EngineProperties(
        @DefaultValue("fast") Precision precision,
        @DefaultValue("0") int threads,
        @DefaultValue("0") int contextLength) {
    public EngineProperties {
        if (threads < 0) {
            throw new IllegalArgumentException("contexture.engine.threads must not be negative but is " + threads);
        }
        if (contextLength < 0) {
            throw new IllegalArgumentException(
                    "contexture.engine.context-length must not be negative but is " + contextLength);
        }
    }

    int threadsOr(int processors) {
        return threads == 0 ? processors : threads;
    }

    int contextLengthOr(int trained) {
        if (contextLength > trained) {
            throw new IllegalArgumentException("contexture.engine.context-length is " + contextLength
                    + " but the model was made for " + trained + " tokens");
        }
        return contextLength == 0 ? trained : contextLength;
    }
}
