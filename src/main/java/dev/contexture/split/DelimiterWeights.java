package dev.contexture.split;

import java.util.EnumMap;
import java.util.Map;

/** How good it is to cut behind each type of delimiter, for each kind of text. */
public final class DelimiterWeights {
    /** Every delimiter weighs the same. */
    static final DelimiterWeights EQUAL = new DelimiterWeights(equal());

    /** [kind][type], without {@link DelimiterType#NONE}. */
    private final double[][] weights;

    private final double highest;

    private DelimiterWeights(double[][] weights) {
        this.weights = weights;
        double best = Double.NEGATIVE_INFINITY;
        for (double[] ofKind : weights) {
            for (double weight : ofKind) {
                best = Math.max(best, weight);
            }
        }
        this.highest = best;
    }

    /**
     * @throws IllegalArgumentException if a weight is missing or not finite
     */
    public static DelimiterWeights of(Map<TextKind, Map<DelimiterType, Double>> weights) {
        double[][] table = equal();
        for (TextKind kind : TextKind.values()) {
            Map<DelimiterType, Double> ofKind = weights.getOrDefault(kind, new EnumMap<>(DelimiterType.class));
            for (int type = 0; type < DelimiterType.NONE.ordinal(); type++) {
                Double weight = ofKind.get(DelimiterType.values()[type]);
                String name = kind.label() + "." + DelimiterType.values()[type].label();
                if (weight == null) {
                    throw new IllegalArgumentException(name + " is missing");
                }
                if (!Double.isFinite(weight)) {
                    throw new IllegalArgumentException(name + " must be finite but is " + weight);
                }
                table[kind.ordinal()][type] = weight;
            }
        }
        return new DelimiterWeights(table);
    }

    private static double[][] equal() {
        return new double[TextKind.values().length][DelimiterType.NONE.ordinal()];
    }

    /**
     * @param type not {@link DelimiterType#NONE}
     */
    public double of(TextKind kind, DelimiterType type) {
        return weights[kind.ordinal()][type.ordinal()];
    }

    /** No delimiter of any kind of text weighs more. */
    double highest() {
        return highest;
    }
}
