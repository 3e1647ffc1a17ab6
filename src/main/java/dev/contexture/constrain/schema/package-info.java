/** From JSON schemas to grammars. */
@NullMarked
package dev.contexture.constrain.schema;

import org.jspecify.annotations.NullMarked;
