/** From places in a grammar to sets of tokens. */
@NullMarked
package dev.contexture.constrain.mask;

import org.jspecify.annotations.NullMarked;
