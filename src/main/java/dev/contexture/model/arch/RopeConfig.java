package dev.contexture.model.arch;

/** Rotary position embedding: the base and how its frequencies are stretched to longer contexts. */
public record RopeConfig(double base, Scaling scaling) {
    /** How frequencies are changed. */
    public sealed interface Scaling {}

    public record None() implements Scaling {}

    /** All frequencies divided by {@code factor}. */
    public record Linear(double factor) implements Scaling {
        public Linear {
            requirePositive(factor, "factor");
        }
    }

    /** Llama 3.1: low frequencies divided by {@code factor}, high ones kept, a smooth ramp between. */
    public record Llama3(double factor, double lowFrequencyFactor, double highFrequencyFactor, int originalContext)
            implements Scaling {
        public Llama3 {
            requirePositive(factor, "factor");
            requirePositive(lowFrequencyFactor, "lowFrequencyFactor");
            requirePositive(highFrequencyFactor, "highFrequencyFactor");
            requirePositive(originalContext, "originalContext");
        }
    }

    /** Each frequency divided by its own factor, as GGUF's {@code rope_freqs} tensor says; headDim / 2 factors. */
    public record PerFrequency(java.util.List<Float> factors) implements Scaling {
        public PerFrequency {
            factors = java.util.List.copyOf(factors);
        }
    }

    public RopeConfig {
        requirePositive(base, "base");
    }

    private static void requirePositive(double value, String name) {
        if (!(value > 0)) {
            throw new IllegalArgumentException("rope " + name + " must be positive but is " + value);
        }
    }
}
