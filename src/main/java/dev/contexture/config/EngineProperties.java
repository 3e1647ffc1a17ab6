package dev.contexture.config;

import dev.contexture.core.ExecutionProvider;
import dev.contexture.core.Precision;
import java.util.Locale;
import java.util.function.BooleanSupplier;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How the model is computed.
 *
 * @param provider where: cpu, cuda, or auto: cuda where this build and this machine have it
 * @param precision what is computed with; see {@link Numbers}
 * @param deviceWeights what a CUDA device keeps of quantised weights where it computes in fp16
 * @param threads of products and attention; 0: one per processor
 * @param contextLength longest sequence in tokens; 0: what the model was made for
 */
@ConfigurationProperties("contexture.engine")
public record EngineProperties(
        @DefaultValue("cpu") Provider provider,
        @DefaultValue("auto") Numbers precision,
        @DefaultValue("quantised") DeviceWeights deviceWeights,
        @DefaultValue("0") int threads,
        @DefaultValue("0") int contextLength) {
    /** Where the model is computed. */
    public enum Provider {
        AUTO,
        CPU,
        CUDA
    }

    /** What is computed with. */
    public enum Numbers {
        /** On CPUs fast; on CUDA devices fp16. */
        AUTO,
        /** On CPUs products with 8-bit activations and KV in fp16; on CUDA devices fp16. */
        FAST,
        /** Float32 throughout, on CPUs only. */
        EXACT,
        /** On CUDA devices only. */
        FP16,
        /** The same. */
        BF16;

        boolean isOfDevices() {
            return this == FP16 || this == BF16;
        }
    }

    /** What a CUDA device keeps of quantised weights. */
    public enum DeviceWeights {
        /** The file's codes. */
        QUANTISED,
        /** Numbers of 16 bits, as it keeps those of other models. */
        DEQUANTISED
    }

    public EngineProperties {
        if (provider == Provider.CPU && precision.isOfDevices()) {
            throw onlyOnDevices(precision);
        }
        if (provider == Provider.CUDA && precision == Numbers.EXACT) {
            throw new IllegalArgumentException(
                    "contexture.engine.precision is exact, but CUDA devices compute in 16 bits:"
                            + " leave it at auto, or set contexture.engine.provider to cpu");
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
            case AUTO -> precision != Numbers.EXACT && hasCuda.getAsBoolean();
        };
        return cuda ? ExecutionProvider.CUDA : ExecutionProvider.CPU;
    }

    /** What the provider computes in. */
    Precision precisionOn(ExecutionProvider where) {
        if (where == ExecutionProvider.CPU) {
            return switch (precision) {
                case AUTO, FAST -> Precision.FAST;
                case EXACT -> Precision.EXACT;
                case FP16, BF16 -> throw onlyOnDevices(precision);
            };
        }
        return switch (precision) {
            case AUTO, FAST, FP16 -> half();
            case BF16 -> Precision.BRAIN_FLOAT;
            case EXACT -> throw new IllegalStateException("exact was refused before");
        };
    }

    private Precision half() {
        return deviceWeights == DeviceWeights.QUANTISED ? Precision.QUANTISED_HALF : Precision.HALF;
    }

    private static IllegalArgumentException onlyOnDevices(Numbers precision) {
        String name = precision.name().toLowerCase(Locale.ROOT);
        return new IllegalArgumentException("contexture.engine.precision is " + name
                + ", which only CUDA devices compute in, and the model is to run on the CPU:"
                + " set it to auto, or contexture.engine.provider to cuda");
    }
}
