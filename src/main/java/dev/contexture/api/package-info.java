/** HTTP as OpenAI's and Anthropic's clients speak it: routes, wire records, streaming and errors over session. */
@NullMarked
package dev.contexture.api;

import org.jspecify.annotations.NullMarked;
