/** Reads the golden files under {@code src/test/resources/golden}; their README describes the formats. */
@NullMarked
package dev.contexture.golden;

import org.jspecify.annotations.NullMarked;
