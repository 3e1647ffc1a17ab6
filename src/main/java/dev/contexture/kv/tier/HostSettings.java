package dev.contexture.kv.tier;

/**
 * How the host tier uses its memory.
 *
 * @param unitBytes what memory is handed out in; half of it is lost per value, on average
 * @param lowWatermark share of the memory down to which values are evicted
 * @param highWatermark share beyond which values are evicted
 * @param sessionShare share that one session may take from others
 * @param pinnedShare share that pinned sessions together keep from being evicted
 * @param attentionTokens context length at which attending to it costs a token as much as the model's weights do
 */
public record HostSettings(
        int unitBytes,
        double lowWatermark,
        double highWatermark,
        double sessionShare,
        double pinnedShare,
        int attentionTokens) {
    public HostSettings {
        if (unitBytes < 64 || unitBytes > 1 << 20) {
            throw new IllegalArgumentException("unitBytes must be 64 to 1048576 but is " + unitBytes);
        }
        requireShare(lowWatermark, "lowWatermark");
        requireShare(highWatermark, "highWatermark");
        requireShare(sessionShare, "sessionShare");
        requireShare(pinnedShare, "pinnedShare");
        if (lowWatermark > highWatermark) {
            throw new IllegalArgumentException(
                    "lowWatermark " + lowWatermark + " must not be above highWatermark " + highWatermark);
        }
        if (attentionTokens < 1) {
            throw new IllegalArgumentException("attentionTokens must be positive but is " + attentionTokens);
        }
    }

    private static void requireShare(double share, String name) {
        if (!(share > 0 && share <= 1)) {
            throw new IllegalArgumentException(name + " must be above 0 and at most 1 but is " + share);
        }
    }
}
