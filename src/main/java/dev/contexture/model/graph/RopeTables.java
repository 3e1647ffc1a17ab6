package dev.contexture.model.graph;

import dev.contexture.model.arch.RopeConfig;

/** Frequencies of the rotary embedding, computed in double precision. */
final class RopeTables {
    private RopeTables() {}

    /** Radians per position for each of the headDim / 2 pairs. */
    static double[] frequencies(RopeConfig rope, int headDim) {
        double[] frequencies = new double[headDim / 2];
        for (int i = 0; i < frequencies.length; i++) {
            double plain = Math.pow(rope.base(), -2.0 * i / headDim);
            frequencies[i] = switch (rope.scaling()) {
                case RopeConfig.None none -> plain;
                case RopeConfig.Linear linear -> plain / linear.factor();
                case RopeConfig.Llama3 llama3 -> stretched(plain, llama3);
                case RopeConfig.PerFrequency each -> plain / factor(each, i, frequencies.length);
            };
        }
        return frequencies;
    }

    private static double factor(RopeConfig.PerFrequency each, int index, int count) {
        if (each.factors().size() != count) {
            throw new IllegalArgumentException(
                    "there are " + each.factors().size() + " rotary factors for " + count + " frequencies");
        }
        return each.factors().get(index);
    }

    private static double stretched(double plain, RopeConfig.Llama3 scaling) {
        double wavelength = 2 * Math.PI / plain;
        double longest = scaling.originalContext() / scaling.lowFrequencyFactor();
        double shortest = scaling.originalContext() / scaling.highFrequencyFactor();
        if (wavelength < shortest) {
            return plain;
        }
        if (wavelength > longest) {
            return plain / scaling.factor();
        }
        double ramp = (scaling.originalContext() / wavelength - scaling.lowFrequencyFactor())
                / (scaling.highFrequencyFactor() - scaling.lowFrequencyFactor());
        return (1 - ramp) * plain / scaling.factor() + ramp * plain;
    }
}
