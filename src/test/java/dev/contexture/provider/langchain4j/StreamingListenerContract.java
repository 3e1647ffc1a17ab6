package dev.contexture.provider.langchain4j;

import dev.contexture.provider.ContextureClient;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.common.AbstractStreamingChatModelListenerIT;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import java.util.List;

/** LangChain4j's contract for listeners of streaming chat models, over whatever client. */
abstract class StreamingListenerContract extends AbstractStreamingChatModelListenerIT {
    abstract ContextureClient client();

    @Override
    protected StreamingChatModel createModel(ChatModelListener listener) {
        return new ContextureStreamingChatModel(
                client(),
                ListenerContract.parameters(modelName(), temperature(), topP(), maxTokens()),
                List.of(listener));
    }

    @Override
    protected StreamingChatModel createFailingModel(ChatModelListener listener) {
        return new ContextureStreamingChatModel(client(), ListenerContract.TOO_HOT, List.of(listener));
    }

    @Override
    protected Class<? extends Exception> expectedExceptionClass() {
        return InvalidRequestException.class;
    }
}
