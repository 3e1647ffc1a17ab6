package dev.contexture.kv.memory;

/**
 * When layers move.
 *
 * @param mirrorFrom share of a threshold from which on the next layer is copied to host memory in the background
 * @param returnBelow share of the threshold before, below which a layer comes back; less than {@code mirrorFrom}, so that nothing
 *     moves to and fro
 * @param stepBytes most that is copied in the background of one step; 0: nothing is
 */
public record PlacementSettings(double mirrorFrom, double returnBelow, long stepBytes) {
    public static final PlacementSettings DEFAULT = new PlacementSettings(0.9, 0.75, 64L << 20);

    /** Layers are copied when they leave. */
    public static final PlacementSettings WITHOUT_MIRROR = new PlacementSettings(1, 0.75, 0);

    public PlacementSettings {
        if (!(returnBelow > 0 && returnBelow < mirrorFrom && mirrorFrom <= 1)) {
            throw new IllegalArgumentException(
                    "0 < returnBelow < mirrorFrom <= 1 must hold but they are " + returnBelow + " and " + mirrorFrom);
        }
        if (stepBytes < 0) {
            throw new IllegalArgumentException("stepBytes must not be negative but is " + stepBytes);
        }
    }
}
