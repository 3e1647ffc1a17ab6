/** Listens to the other packages and publishes meters; never decides. */
@NullMarked
package dev.contexture.metrics;

import org.jspecify.annotations.NullMarked;
