/** Benchmarks against other engines, interleaved in one run. */
@NullMarked
package dev.contexture.bench;

import org.jspecify.annotations.NullMarked;
