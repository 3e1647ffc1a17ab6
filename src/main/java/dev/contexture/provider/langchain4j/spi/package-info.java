/** What frameworks on top of LangChain4j may replace. */
@NullMarked
package dev.contexture.provider.langchain4j.spi;

import org.jspecify.annotations.NullMarked;
