/** Text to token ids and back. */
@NullMarked
package dev.contexture.model.tokenizer;

import org.jspecify.annotations.NullMarked;
