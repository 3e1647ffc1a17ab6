package dev.contexture.kv.tier;

/** A value and how its bytes are to be read: all that a header must say for the value to be used. */
public record StoredName(TierKey key, BlockForm form) {}
