/** Reader of safetensors folders. */
@NullMarked
package dev.contexture.model.safetensors;

import org.jspecify.annotations.NullMarked;
