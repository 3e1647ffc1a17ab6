package dev.contexture.provider.autoconfigure;

/** Where answers come from. */
public enum ProviderMode {
    /** The engine of this process. */
    EMBEDDED,
    /** A service over HTTP. */
    REMOTE
}
