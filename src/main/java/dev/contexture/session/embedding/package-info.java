/** The one entry point of all that wants vectors of texts; uses model. */
@NullMarked
package dev.contexture.session.embedding;

import org.jspecify.annotations.NullMarked;
