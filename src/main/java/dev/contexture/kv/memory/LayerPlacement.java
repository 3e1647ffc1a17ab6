package dev.contexture.kv.memory;

/**
 * Which layers keep their keys and values on the device (SpeContext's adaptive memory system). The last layers leave first: the early ones
 * compute while later ones are fetched. Unlike the published rule, which is one-way, layers come back when sequences end, and the
 * next layer to go is copied before its threshold comes, so that leaving costs nothing then.
 *
 * <p>Deterministic and without I/O: told the demand of a step before it runs, it says what moves. Used by one thread.
 */
public final class LayerPlacement {
    private final LayerThresholds model;
    private final PlacementSettings settings;
    private int hostLayers;
    /** Tokens of the next layer to go that are in host memory already, at least. */
    private long mirroredTokens;

    /**
     * What a step brings about.
     *
     * @param fits whether the demand fits at all; if not, nothing was changed: sequences must wait
     * @param hostLayers whose keys and values are in host memory in this step
     * @param mirroredBytes copied to host memory in the background
     * @param exposedBytes copied one way or the other while the step waits, as there was no time before
     * @param returnedBytes copied back to the device in the background
     */
    public record Decision(boolean fits, int hostLayers, long mirroredBytes, long exposedBytes, long returnedBytes) {}

    public LayerPlacement(LayerThresholds model, PlacementSettings settings) {
        this.model = model;
        this.settings = settings;
    }

    public int hostLayers() {
        return hostLayers;
    }

    /**
     * A sequence is over, and what was copied of it is worth nothing any more. Which one's tokens were copied is not known here, so
     * all of its tokens count as copied ones.
     */
    public void ended(long tokens) {
        mirroredTokens = Math.max(0, mirroredTokens - tokens);
    }

    /**
     * Before a step. Between two, sequences grow, begin, or {@linkplain #ended end}.
     *
     * @param tokens of all sequences together behind the step, padding included
     * @param sequences at least one
     */
    public Decision step(long tokens, int sequences) {
        return step(tokens, sequences, 0);
    }

    /**
     * The same where layers cannot come back as they like.
     *
     * @param least layers that must stay in host memory
     */
    public Decision step(long tokens, int sequences, int least) {
        int needed = needed(tokens, sequences, least);
        if (needed > model.layers()) {
            return new Decision(false, hostLayers, 0, 0, 0);
        }
        long exposed = 0;
        while (hostLayers < needed) {
            exposed += (tokens - Math.min(tokens, mirroredTokens)) * model.layerTokenBytes();
            hostLayers++;
            mirroredTokens = 0;
        }
        if (needed < hostLayers) {
            return new Decision(true, needed, 0, comeBack(hostLayers - needed, tokens), 0);
        }
        if (hostLayers > least && tokens < settings.returnBelow() * model.threshold(hostLayers - 1, sequences)) {
            long returned = comeBack(1, tokens);
            return new Decision(true, hostLayers, 0, exposed, returned);
        }
        return new Decision(true, hostLayers, mirror(tokens, sequences), exposed, 0);
    }

    /** Fewest layers in host memory that let the demand fit, from those that are there on; one more than there are if none does. */
    private int needed(long tokens, int sequences, int least) {
        int needed = hostLayers;
        while (needed <= model.layers() && tokens > model.threshold(needed, sequences)) {
            needed++;
        }
        if (needed <= model.layers()) {
            return needed;
        }
        // With many sequences what their selections hold may be more than what a layer gives: fewer may do.
        for (int fewer = hostLayers; fewer >= least; fewer--) {
            if (tokens <= model.threshold(fewer, sequences)) {
                return fewer;
            }
        }
        return needed;
    }

    /** What they have in host memory stays there, so the next to go is copied already. */
    private long comeBack(int layers, long tokens) {
        hostLayers -= layers;
        mirroredTokens = tokens;
        return layers * tokens * model.layerTokenBytes();
    }

    private long mirror(long tokens, int sequences) {
        if (hostLayers == model.layers() || tokens < settings.mirrorFrom() * model.threshold(hostLayers, sequences)) {
            return 0;
        }
        long missing = Math.max(0, tokens - mirroredTokens);
        long copied = Math.min(missing, settings.stepBytes() / model.layerTokenBytes());
        mirroredTokens = Math.min(tokens, mirroredTokens + copied);
        return copied * model.layerTokenBytes();
    }
}
