package dev.contexture.kv.tier;

/** Where a value is, as far as that is known without asking anybody. */
public enum TierLookup {
    /** In host memory. */
    HIT,
    /** The remote tier has been asked for it. */
    PENDING,
    /** Not in host memory; the remote tier has not been asked, or did not have it. */
    MISS,
    /** Not in host memory, and the remote tier cannot be asked now. */
    UNAVAILABLE
}
