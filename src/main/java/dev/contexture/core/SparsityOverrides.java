package dev.contexture.core;

import org.jspecify.annotations.Nullable;

/** What one request says about its sparsity; null: the server's value. */
public record SparsityOverrides(
        @Nullable SparsityMode mode,
        @Nullable Integer budget,
        @Nullable Integer sink,
        @Nullable Integer recent) {
    public static final SparsityOverrides NONE = new SparsityOverrides(null, null, null, null);
}
