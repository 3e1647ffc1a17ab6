package dev.contexture.kv.tier;

/** What came of a value that was asked for. */
public record LoadResult(TierKey key, Outcome outcome) {
    public enum Outcome {
        /** It is in host memory. */
        FOUND,
        MISSING,
        /** It was there but must not be used; the reason is counted. */
        REFUSED,
        /** The remote tier could not be asked; it may have the value. */
        UNAVAILABLE,
        /** Host memory had no room for it. */
        NO_ROOM,
        /** Too many values were waiting to be asked for. */
        DROPPED
    }
}
