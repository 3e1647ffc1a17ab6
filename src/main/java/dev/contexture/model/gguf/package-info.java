/** Reader of GGUF files and decoder of their block formats. */
@NullMarked
package dev.contexture.model.gguf;

import org.jspecify.annotations.NullMarked;
