package dev.contexture.retrieval;

import java.util.Optional;
import java.util.function.IntFunction;
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
    private @Nullable Place place;

    /**
     * Where a retriever keeps what it has of the sequence outside of it.
     *
     * @param number not 0
     * @param before the numbers of the token before a position, if they are still kept there
     * @param release gives the place back
     */
    record Place(long number, IntFunction<Optional<float[]>> before, Runnable release) {
        Place {
            if (number == 0) {
                throw new IllegalArgumentException("0 is nobody's place");
            }
        }
    }

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
        return place == null ? recent.before(position) : place.before.apply(position);
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

    /** What the token before the next one left came from a store, and has not been taken to the sequence's place. */
    boolean isGiven() {
        return carried.length > 0;
    }

    /** The number of the sequence's place; 0 where it has none. */
    long place() {
        return place == null ? 0 : place.number;
    }

    void takePlace(Place taken) {
        place = taken;
    }

    /** The sequence has ended or lost its pages: gives back what is kept of it. */
    public void release() {
        if (place != null) {
            place.release.run();
        }
        place = null;
        carried = NOTHING;
        pendingKeys.clear();
        recent.clear();
        nextPosition = -1;
    }
}
