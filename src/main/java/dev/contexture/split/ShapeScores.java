package dev.contexture.split;

import java.util.List;
import java.util.Map;

/** How well each token shape goes with each kind of text: log-likelihoods as whole numbers, so that their sums are exact. */
public final class ShapeScores {
    /** Keeps the sums over a window far from overflow. */
    private static final int MOST = 1_000_000;

    /** All kinds alike: every text is prose. */
    static final ShapeScores NEUTRAL = new ShapeScores(new int[TokenShape.values().length][TextKind.values().length]);

    /** [shape][kind] */
    private final int[][] scores;

    private final int widest;

    private ShapeScores(int[][] scores) {
        this.scores = scores;
        int most = 0;
        for (int[] ofShape : scores) {
            for (int a : ofShape) {
                for (int b : ofShape) {
                    most = Math.max(most, a - b);
                }
            }
        }
        this.widest = most;
    }

    /**
     * @param scores for each kind, one per shape in order
     * @throws IllegalArgumentException if scores are missing or too large
     */
    public static ShapeScores of(Map<TextKind, List<Integer>> scores) {
        int shapes = TokenShape.values().length;
        int[][] table = new int[shapes][TextKind.values().length];
        for (TextKind kind : TextKind.values()) {
            List<Integer> ofKind = scores.getOrDefault(kind, List.of());
            if (ofKind.size() != shapes) {
                throw new IllegalArgumentException(
                        kind.label() + " must have " + shapes + " scores but has " + ofKind.size());
            }
            for (int shape = 0; shape < shapes; shape++) {
                int score = ofKind.get(shape);
                if (Math.abs((long) score) > MOST) {
                    throw new IllegalArgumentException(kind.label() + "[" + shape + "] must be within -" + MOST + ".."
                            + MOST + " but is " + score);
                }
                table[shape][kind.ordinal()] = score;
            }
        }
        return new ShapeScores(table);
    }

    int of(TokenShape shape, TextKind kind) {
        return scores[shape.ordinal()][kind.ordinal()];
    }

    /** Most that one token can speak for one kind against another. */
    int widest() {
        return widest;
    }
}
