package dev.contexture.config;

import dev.contexture.core.KvGeometry;
import dev.contexture.nativelib.FfmKvPool;
import dev.contexture.nativelib.NativeException;
import dev.contexture.nativelib.NativeLibrary;
import java.util.Optional;

/** Takes a pool's memory; where it cannot be had, says which settings ask for it. */
final class KvPools {
    private KvPools() {}

    /**
     * @param elastic of a device whose layers may leave
     * @throws InvalidSettingException if there is not so much memory
     */
    static FfmKvPool open(NativeLibrary library, KvGeometry geometry, int pages, Optional<FfmKvPool.Elastic> elastic) {
        try {
            return elastic.map(layers -> new FfmKvPool(library, geometry, pages, layers))
                    .orElseGet(() -> new FfmKvPool(library, geometry, pages));
        } catch (NativeException e) {
            throw new InvalidSettingException(new IllegalArgumentException(
                    "The pool of keys and values cannot be made (" + e.getMessage()
                            + "): set contexture.kv.device-bytes"
                            + (elastic.isPresent() ? " or contexture.kv.pinned-bytes" : "") + " lower",
                    e));
        }
    }
}
