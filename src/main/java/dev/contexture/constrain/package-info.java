/** What text a model may write: JSON of a schema, by masks over the vocabulary. */
@NullMarked
package dev.contexture.constrain;

import org.jspecify.annotations.NullMarked;
