package dev.contexture.provider.langchain4j.spi;

import dev.contexture.provider.langchain4j.ContextureStreamingChatModel;
import java.util.function.Supplier;

/** Named in {@code META-INF/services}, replaces the builder of the streaming chat model: how frameworks bring defaults of their own. */
public interface ContextureStreamingChatModelBuilderFactory extends Supplier<ContextureStreamingChatModel.Builder> {}
