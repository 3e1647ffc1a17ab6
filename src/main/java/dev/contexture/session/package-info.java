/** The one entry point of all front doors: from messages or text to a stream of generated text; uses scheduler and model. */
@NullMarked
package dev.contexture.session;

import org.jspecify.annotations.NullMarked;
