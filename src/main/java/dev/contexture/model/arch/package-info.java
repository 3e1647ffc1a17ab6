/** What a model is: its family, shapes and the names of its weights. */
@NullMarked
package dev.contexture.model.arch;

import org.jspecify.annotations.NullMarked;
