package dev.contexture.config;

import dev.contexture.core.ExecutionProvider;
import dev.contexture.core.Precision;
import java.util.function.BooleanSupplier;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How the model is computed.
 *
 * @param provider where: cpu, cuda, or auto: cuda where this build and this machine have it
 * @param precision fast (8-bit activations, fp16 KV) or exact (float32 throughout)
 * @param threads of products and attention; 0: one per processor
 * @param contextLength longest sequence in tokens; 0: what the model was made for
 */
@ConfigurationProperties("contexture.engine")
public record EngineProperties(
        @DefaultValue("cpu") Provider provider,
        @DefaultValue("fast") Precision precision,
        @DefaultValue("0") int threads,
        @DefaultValue("0") int contextLength) {
    /** Where the model is computed. */
    public enum Provider {
        AUTO,
        CPU,
        CUDA
    }

    public EngineProperties {
        if (precision == Precision.HALF) {
            throw new IllegalArgumentException(
                    "contexture.engine.precision must be fast or exact: fp16 throughout is what"
                            + " contexture.engine.provider=cuda computes");
        }
        if (provider == Provider.CUDA && precision == Precision.EXACT) {
            throw new IllegalArgumentException("contexture.engine.precision is exact, but CUDA devices compute in fp16:"
                    + " leave it at fast, or set contexture.engine.provider to cpu");
        }
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

    /**
     * @param hasCuda whether this build and this machine have what CUDA needs; asked only where it matters
     */
    ExecutionProvider providerOr(BooleanSupplier hasCuda) {
        boolean cuda = switch (provider) {
            case CPU -> false;
            case CUDA -> true;
            case AUTO -> precision != Precision.EXACT && hasCuda.getAsBoolean();
        };
        return cuda ? ExecutionProvider.CUDA : ExecutionProvider.CPU;
    }

    /** What the provider computes in. */
    Precision precisionOn(ExecutionProvider where) {
        return where == ExecutionProvider.CUDA ? Precision.HALF : precision;
    }
}
