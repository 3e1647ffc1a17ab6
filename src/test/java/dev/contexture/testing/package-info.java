/** What several tests share: doubles, the default model, small models. */
@NullMarked
package dev.contexture.testing;

import org.jspecify.annotations.NullMarked;
