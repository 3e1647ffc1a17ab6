/** Models that make one vector of a text: their files, their tokens, and the arithmetic around the graph; uses model and core. */
@NullMarked
package dev.contexture.model.embedding;

import org.jspecify.annotations.NullMarked;
