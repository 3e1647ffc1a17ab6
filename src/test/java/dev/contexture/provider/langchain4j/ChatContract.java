package dev.contexture.provider.langchain4j;

import dev.contexture.provider.ContextureClient;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.common.AbstractChatModelIT;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.ChatResponseMetadata;
import dev.langchain4j.model.output.TokenUsage;
import java.util.List;
import org.junit.jupiter.api.Disabled;
import org.junit.jupiter.api.Test;

/** LangChain4j's contract for chat models, over whatever client. */
abstract class ChatContract extends AbstractChatModelIT {
    static final String ONE_MODEL = "an engine has one model, so that no other name can be asked for";

    abstract ContextureClient client();

    /** Of all requests. */
    ChatRequestParameters defaults() {
        return ContextureChatRequestParameters.EMPTY;
    }

    @Override
    protected List<ChatModel> models() {
        return List.of(new ContextureChatModel(client(), defaults(), List.of()));
    }

    @Override
    protected ChatModel createModelWith(ChatRequestParameters parameters) {
        return new ContextureChatModel(client(), defaults().overrideWith(parameters), List.of());
    }

    @Override
    protected ChatRequestParameters createIntegrationSpecificParameters(int maxOutputTokens) {
        return ContextureChatRequestParameters.builder()
                .maxOutputTokens(maxOutputTokens)
                .build();
    }

    @Override
    protected Class<? extends ChatResponseMetadata> chatResponseMetadataType(ChatModel model) {
        return ContextureChatResponseMetadata.class;
    }

    @Override
    protected Class<? extends TokenUsage> tokenUsageType(ChatModel model) {
        return ContextureTokenUsage.class;
    }

    @Override
    @Test
    @Disabled(ONE_MODEL)
    protected void should_respect_modelName_in_chat_request(ChatModel model) {}

    @Override
    @Test
    @Disabled(ONE_MODEL)
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
