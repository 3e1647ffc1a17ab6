package dev.contexture.provider.langchain4j;

import dev.contexture.provider.ContextureClient;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.common.AbstractChatModelListenerIT;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import java.util.List;

/** LangChain4j's contract for listeners of chat models, over whatever client. */
abstract class ListenerContract extends AbstractChatModelListenerIT {
    /** What no model takes. */
    static final ChatRequestParameters TOO_HOT =
            ChatRequestParameters.builder().temperature(9.0).build();

    abstract ContextureClient client();

    static ChatRequestParameters parameters(String model, Double temperature, Double topP, Integer maxTokens) {
        return ChatRequestParameters.builder()
                .modelName(model)
                .temperature(temperature)
                .topP(topP)
                .maxOutputTokens(maxTokens)
                .build();
    }

    @Override
    protected ChatModel createModel(ChatModelListener listener) {
        return new ContextureChatModel(
                client(), parameters(modelName(), temperature(), topP(), maxTokens()), List.of(listener));
    }

    @Override
    protected ChatModel createFailingModel(ChatModelListener listener) {
        return new ContextureChatModel(client(), TOO_HOT, List.of(listener));
    }

    @Override
    protected Class<? extends Exception> expectedExceptionClass() {
        return InvalidRequestException.class;
    }
}
