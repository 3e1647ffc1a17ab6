package dev.contexture.kv;

/** Which known prefixes a sequence may go on from. */
public enum PrefixUse {
    /** Those whose keys and values were computed by attending to everything. */
    EXACT,
    /** Also those that sequences left behind that attended to selections. */
    ANY
}
