/** Finds, fetches and checks model files. */
@NullMarked
package dev.contexture.model.store;

import org.jspecify.annotations.NullMarked;
