package dev.contexture.constrain;

import dev.contexture.constrain.mask.TokenMask;

/** Where one text is, and what it may go on with. Used by one thread at a time. */
public interface TokenConstraint {
    /**
     * The tokens of which the next must be one; never empty. Waits until they are worked out, which began with the last token, but
     * not longer than {@link Constraint#MOST_WAIT} from then.
     *
     * @throws MaskFailedException if they are not known by then, or cannot be
     */
    TokenMask mask();

    /**
     * A token was added to the text. Returns at once.
     *
     * @param token that the mask allows
     */
    void accept(int token);
}
