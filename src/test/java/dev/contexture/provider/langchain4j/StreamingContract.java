package dev.contexture.provider.langchain4j;

import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.eq;

import dev.contexture.provider.ContextureClient;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.common.AbstractStreamingChatModelIT;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.ChatResponseMetadata;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.output.TokenUsage;
import java.util.List;
import org.junit.jupiter.api.Disabled;
import org.junit.jupiter.api.Test;
import org.mockito.InOrder;

/** LangChain4j's contract for streaming chat models, over whatever client. */
abstract class StreamingContract extends AbstractStreamingChatModelIT {
    abstract ContextureClient client();

    /** Of all requests. */
    ChatRequestParameters defaults() {
        return ContextureChatRequestParameters.EMPTY;
    }

    @Override
    protected List<StreamingChatModel> models() {
        return List.of(new ContextureStreamingChatModel(client(), defaults(), List.of()));
    }

    @Override
    protected StreamingChatModel createModelWith(ChatRequestParameters parameters) {
        return new ContextureStreamingChatModel(client(), defaults().overrideWith(parameters), List.of());
    }

    @Override
    public StreamingChatModel createModelWith(ChatModelListener listener) {
        return new ContextureStreamingChatModel(client(), defaults(), List.of(listener));
    }

    @Override
    protected ChatRequestParameters createIntegrationSpecificParameters(int maxOutputTokens) {
        return ContextureChatRequestParameters.builder()
                .maxOutputTokens(maxOutputTokens)
                .build();
    }

    @Override
    protected Class<? extends ChatResponseMetadata> chatResponseMetadataType(StreamingChatModel model) {
        return ContextureChatResponseMetadata.class;
    }

    @Override
    protected Class<? extends TokenUsage> tokenUsageType(StreamingChatModel model) {
        return ContextureTokenUsage.class;
    }

    /** A call that is read as a whole comes in one part, with its own arguments. */
    @Override
    protected void verifyToolCallbacks(StreamingChatResponseHandler handler, InOrder io, String id) {
        verifyCall(handler, io, 0, id, "getWeather", "{\"city\": \"Munich\"}");
    }

    @Override
    protected void verifyToolCallbacks(StreamingChatResponseHandler handler, InOrder io, String id1, String id2) {
        verifyCall(handler, io, 0, id1, "getWeather", "{\"city\": \"Munich\"}");
        // The line break between the calls is none of the answer's text.
        verifyCall(handler, io, 1, id2, "getTime", "{\"country\": \"France\"}");
    }

    private static void verifyCall(
            StreamingChatResponseHandler handler, InOrder io, int index, String id, String name, String arguments) {
        io.verify(handler).onPartialToolCall(eq(partial(index, id, name, arguments)), any());
        io.verify(handler).onCompleteToolCall(eq(complete(index, id, name, arguments)));
    }

    @Override
    @Test
    @Disabled(ChatContract.ONE_MODEL)
    protected void should_respect_modelName_in_chat_request(StreamingChatModel model) {}

    @Override
    @Test
    @Disabled(ChatContract.ONE_MODEL)
    protected void should_respect_modelName_in_default_model_parameters() {}

    // No model of text sees images.

    @Override
    protected boolean supportsSingleImageInputAsBase64EncodedString() {
        return false;
    }

    @Override
    protected boolean supportsSingleImageInputAsPublicURL() {
        return false;
    }
}
