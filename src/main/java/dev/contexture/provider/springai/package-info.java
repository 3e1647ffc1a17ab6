/** Spring AI models over session. */
@NullMarked
package dev.contexture.provider.springai;

import org.jspecify.annotations.NullMarked;
