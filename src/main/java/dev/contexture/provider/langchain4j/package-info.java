/** LangChain4j models over a {@code ContextureClient} and an {@code EmbeddingService}. */
@NullMarked
package dev.contexture.provider.langchain4j;

import org.jspecify.annotations.NullMarked;
