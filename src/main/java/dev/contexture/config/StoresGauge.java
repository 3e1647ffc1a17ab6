package dev.contexture.config;

import java.util.function.BooleanSupplier;

/** Shows whether what outlives the process can be asked now. */
@FunctionalInterface
interface StoresGauge {
    void bind(BooleanSupplier isAvailable);
}
