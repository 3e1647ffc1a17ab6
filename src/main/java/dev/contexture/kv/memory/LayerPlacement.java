package dev.contexture.kv.memory;

/**
 * Which layers keep their keys and values on the device (SpeContext's adaptive memory system). The last layers leave first: the early ones
 * compute while later ones are fetched. Unlike the published rule, which is one-way, layers come back when sequences end, and the
 * next layer to go is copied before its threshold comes, so that leaving costs nothing then.
 *
 * <p>Deterministic and without I/O: told the demand of a step before it runs, it says what moves. Used by one thread.
 */
public final class LayerPlacement {
    private final MemoryModel model;
    private final PlacementSettings settings;
    private int hostLayers;
    /** Tokens of the next layer to go that are in host memory already. */
    private long mirroredTokens;

    /**
     * What a step brings about.
     *
     * @param fits whether the demand fits at all; if not, nothing was changed: sequences must wait
     * @param hostLayers whose keys and values are in host memory in this step
     * @param mirroredBytes copied to host memory in the background
     * @param exposedBytes copied to host memory while the step waits, as there was no time before
     * @param returnedBytes copied back to the device in the background
     */
    public record Decision(boolean fits, int hostLayers, long mirroredBytes, long exposedBytes, long returnedBytes) {}

    public LayerPlacement(MemoryModel model, PlacementSettings settings) {
        this.model = model;
        this.settings = settings;
    }

    public int hostLayers() {
        return hostLayers;
    }

    /**
     * Before a step.
     *
     * @param tokens of all sequences together behind the step, padding included
     * @param sequences at least one
     */
    public Decision step(long tokens, int sequences) {
        int needed = needed(tokens, sequences);
        if (needed > model.layers()) {
            return new Decision(false, hostLayers, 0, 0, 0);
        }
        long exposed = 0;
        while (hostLayers < needed) {
            exposed += (tokens - Math.min(tokens, mirroredTokens)) * model.layerTokenBytes();
            hostLayers++;
            mirroredTokens = 0;
        }
        long returned = comeBack(tokens, sequences, needed);
        long mirrored = returned > 0 ? 0 : mirror(tokens, sequences);
        return new Decision(true, hostLayers, mirrored, exposed, returned);
    }

    /** Fewest layers in host memory that let the demand fit, from those that are there on; one more than there are if none does. */
    private int needed(long tokens, int sequences) {
        int needed = hostLayers;
        while (needed <= model.layers() && tokens > model.threshold(needed, sequences)) {
            needed++;
        }
        if (needed <= model.layers()) {
            return needed;
        }
        // With many sequences what their selections hold may be more than what a layer gives: fewer may do.
        for (int fewer = hostLayers; fewer >= 0; fewer--) {
            if (tokens <= model.threshold(fewer, sequences)) {
                return fewer;
            }
        }
        return needed;
    }

    /** At most one layer a step. */
    private long comeBack(long tokens, int sequences, int needed) {
        boolean forced = needed < hostLayers;
        boolean roomy = hostLayers > 0 && tokens < settings.returnBelow() * model.threshold(hostLayers - 1, sequences);
        if (!forced && !roomy) {
            return 0;
        }
        int layers = forced ? hostLayers - needed : 1;
        hostLayers -= layers;
        mirroredTokens = 0;
        return layers * tokens * model.layerTokenBytes();
    }

    private long mirror(long tokens, int sequences) {
        if (hostLayers == model.layers() || tokens < settings.mirrorFrom() * model.threshold(hostLayers, sequences)) {
            mirroredTokens = 0;
            return 0;
        }
        long missing = Math.max(0, tokens - mirroredTokens);
        long copied = Math.min(missing, settings.stepBytes() / model.layerTokenBytes());
        mirroredTokens = Math.min(tokens, mirroredTokens + copied);
        return copied * model.layerTokenBytes();
    }
}
