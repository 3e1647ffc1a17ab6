package dev.contexture.retrieval;

/**
 * What a retriever keeps of one sequence from one step to the next: for the trained head the fused features of the last
 * token, for the training-free one the queries of the last token. Used by the loop's thread only.
 */
public final class RetrievalState {
    private static final float[] NOTHING = {};

    private float[] carried = NOTHING;
    private int nextPosition = -1;
    private int describedTokens;

    /** Whether a query for the token at {@code position} can be made: its predecessor was seen by this sequence. */
    public boolean precedes(int position) {
        return position == nextPosition;
    }

    float[] carried() {
        return carried;
    }

    /** Numbers of the token before {@code position}. */
    void carry(float[] numbers, int position) {
        carried = numbers;
        nextPosition = position;
    }

    /** Tokens whose descriptors exist. */
    int describedTokens() {
        return describedTokens;
    }

    void describe(int tokens) {
        describedTokens = tokens;
    }
}
