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
    abstract ContextureClient client();

    private ChatRequestParameters parameters() {
        return ChatRequestParameters.builder()
                .modelName(modelName())
                .temperature(temperature())
                .topP(topP())
                .maxOutputTokens(maxTokens())
                .build();
    }

    @Override
    protected ChatModel createModel(ChatModelListener listener) {
        return new ContextureChatModel(client(), parameters(), List.of(listener));
    }

    @Override
    protected ChatModel createFailingModel(ChatModelListener listener) {
        ChatRequestParameters tooHot =
                ChatRequestParameters.builder().temperature(9.0).build();
        return new ContextureChatModel(client(), tooHot, List.of(listener));
    }

    @Override
    protected Class<? extends Exception> expectedExceptionClass() {
        return InvalidRequestException.class;
    }
}
