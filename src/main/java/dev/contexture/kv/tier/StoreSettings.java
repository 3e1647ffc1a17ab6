package dev.contexture.kv.tier;

/** All bounds of a {@link TieredKvStore}. */
public record StoreSettings(HostSettings host, WriteSettings writes, LoadSettings loads) {}
