/** Spring AI models over a {@code ContextureClient} and an {@code EmbeddingService}. */
@NullMarked
package dev.contexture.provider.springai;

import org.jspecify.annotations.NullMarked;
