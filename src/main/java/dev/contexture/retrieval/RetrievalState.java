package dev.contexture.retrieval;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a retriever keeps of one sequence from one step to the next: for the trained head the features of the last tokens, for
 * the training-free one the queries of the last token. Used by the loop's thread only.
 */
public final class RetrievalState {
    private static final float[] NOTHING = {};

    private float[] carried = NOTHING;
    private final PendingKeys pendingKeys = new PendingKeys();
    private final RecentFeatures recent = new RecentFeatures();
    private int nextPosition = -1;
    private @Nullable Runnable release;
    private long kept;

    /** Whether a query for the token at {@code position} can be made: its predecessor was seen by this sequence. */
    public boolean precedes(int position) {
        return position == nextPosition;
    }

    float[] carried() {
        return carried;
    }

    /** Last tokens taken in for which the retriever has yet to write what selections read. */
    public int pendingTokens() {
        return pendingKeys.count();
    }

    PendingKeys pendingKeys() {
        return pendingKeys;
    }

    RecentFeatures recent() {
        return recent;
    }

    /** What a sequence that goes on at {@code position} would have to be given; empty if it is not known any more. */
    public Optional<float[]> carriedTo(int position) {
        return recent.before(position);
    }

    /** Numbers of the token before {@code position}. */
    public void carry(float[] numbers, int position) {
        carried = numbers;
        nextPosition = position;
    }

    /** The token before {@code position} was seen, and what it left lies where the retriever keeps it. */
    void carryElsewhere(int position) {
        carry(NOTHING, position);
    }

    /** The number of what the retriever keeps elsewhere for the sequence; 0 where there is nothing. */
    long kept() {
        return kept;
    }

    /**
     * @param release gives it back
     */
    void keep(long number, Runnable release) {
        this.kept = number;
        this.release = release;
    }

    /** The sequence has ended or lost its pages: gives back what is kept of it. */
    public void release() {
        if (release != null) {
            release.run();
        }
        release = null;
        kept = 0;
        carried = NOTHING;
        pendingKeys.clear();
        recent.clear();
        nextPosition = -1;
    }
}
