package dev.contexture.kv.tier;

/** How soon a value is wanted; the first goes first. */
public enum LoadPriority {
    /** A step waits for it. */
    NOW,
    /** A session is coming back. */
    SOON,
    /** It may come in useful. */
    AHEAD
}
