/** LangChain4j models over session. */
@NullMarked
package dev.contexture.provider.langchain4j;

import org.jspecify.annotations.NullMarked;
