package dev.contexture.provider.langchain4j.spi;

import dev.contexture.provider.langchain4j.ContextureChatModel;
import java.util.function.Supplier;

/** Named in {@code META-INF/services}, replaces the builder of the chat model: how frameworks bring defaults of their own. */
public interface ContextureChatModelBuilderFactory extends Supplier<ContextureChatModel.Builder> {}
