/** OpenAI-compatible HTTP: routes, wire records, streaming and errors over session. */
@NullMarked
package dev.contexture.api;

import org.jspecify.annotations.NullMarked;
