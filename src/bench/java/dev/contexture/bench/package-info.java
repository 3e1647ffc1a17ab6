/** Benchmarks: speed beside other engines, and what sparse decoding changes and gains. */
@NullMarked
package dev.contexture.bench;

import org.jspecify.annotations.NullMarked;
