package dev.contexture.provider.langchain4j;

import dev.contexture.provider.Asked;
import dev.contexture.provider.ContextureClient;
import dev.contexture.provider.EmbeddedClient;
import dev.contexture.provider.langchain4j.spi.ContextureChatModelBuilderFactory;
import dev.contexture.session.InferenceService;
import dev.langchain4j.model.ModelProvider;
import dev.langchain4j.model.chat.Capability;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.spi.ServiceHelper;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;

/** LangChain4j's chat model over an engine in the same process or a service over HTTP. Keeps nothing of a request; safe for use by several threads. */
public final class ContextureChatModel implements ChatModel {
    private final ContextureClient client;
    private final ChatTranslation translation;
    private final ContextureChatRequestParameters defaults;
    private final List<ChatModelListener> listeners;

    /**
     * @param defaults for what a request leaves open
     */
    public ContextureChatModel(
            ContextureClient client, ChatRequestParameters defaults, List<ChatModelListener> listeners) {
        this.client = client;
        this.translation = new ChatTranslation(client);
        this.defaults = ContextureChatRequestParameters.of(defaults);
        this.listeners = List.copyOf(listeners);
    }

    /** A model with the engine's own defaults, over the engine of this process. */
    public static ContextureChatModel of(InferenceService service) {
        return of(EmbeddedClient.of(service));
    }

    /** A model with the engine's own defaults. */
    public static ContextureChatModel of(ContextureClient client) {
        return new ContextureChatModel(client, ContextureChatRequestParameters.EMPTY, List.of());
    }

    /** One of a framework's if there is any, see {@code ContextureChatModelBuilderFactory}. */
    public static Builder builder() {
        for (ContextureChatModelBuilderFactory factory :
                ServiceHelper.loadFactories(ContextureChatModelBuilderFactory.class)) {
            return factory.get();
        }
        return new Builder();
    }

    /** What a model is made of; factories may extend it. */
    public static class Builder extends ChatModelBuilder<ContextureChatModel, Builder> {
        public Builder() {}

        @Override
        Builder self() {
            return this;
        }

        @Override
        ContextureChatModel model(
                ContextureClient ofClient, ChatRequestParameters ofDefaults, List<ChatModelListener> ofListeners) {
            return new ContextureChatModel(ofClient, ofDefaults, ofListeners);
        }
    }

    /** What is asked; makes sessions, too. */
    public ContextureClient client() {
        return client;
    }

    @Override
    public ChatResponse doChat(ChatRequest request) {
        ChatResponse response = answer(request).block();
        if (response == null) {
            throw new IllegalStateException("the generation ended without an answer");
        }
        return response;
    }

    /** Cancelling the future ends the generation within one step. */
    @Override
    public CompletableFuture<ChatResponse> doChatAsync(ChatRequest request) {
        CompletableFuture<ChatResponse> future = new CompletableFuture<>();
        Disposable generation = answer(request).subscribe(future::complete, future::completeExceptionally);
        future.whenComplete((response, error) -> generation.dispose());
        return future;
    }

    private Mono<ChatResponse> answer(ChatRequest request) {
        return translation
                .ask(request)
                .flatMap(Asked::whole)
                .map(ChatTranslation::response)
                .onErrorMap(ChatTranslation::exception);
    }

    @Override
    public ChatRequestParameters defaultRequestParameters() {
        return defaults;
    }

    @Override
    public Set<Capability> supportedCapabilities() {
        return ChatTranslation.CAPABILITIES;
    }

    @Override
    public List<ChatModelListener> listeners() {
        return listeners;
    }

    @Override
    public ModelProvider provider() {
        return ModelProvider.OTHER;
    }
}
