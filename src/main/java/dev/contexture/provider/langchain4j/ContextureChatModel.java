package dev.contexture.provider.langchain4j;

import dev.contexture.provider.SingleAnswer;
import dev.contexture.session.InferenceService;
import dev.langchain4j.model.ModelProvider;
import dev.langchain4j.model.chat.Capability;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.ChatResponse;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;

/** LangChain4j's chat model over an engine in the same process. Keeps nothing of a request; safe for use by several threads. */
public final class ContextureChatModel implements ChatModel {
    private final ChatTranslation translation;
    private final ChatRequestParameters defaults;
    private final List<ChatModelListener> listeners;

    /**
     * @param defaults for what a request leaves open
     */
    public ContextureChatModel(
            InferenceService service, ChatRequestParameters defaults, List<ChatModelListener> listeners) {
        this.translation = new ChatTranslation(service);
        this.defaults = defaults;
        this.listeners = List.copyOf(listeners);
    }

    /** A model with the engine's own defaults. */
    public static ContextureChatModel of(InferenceService service) {
        return new ContextureChatModel(service, ChatRequestParameters.builder().build(), List.of());
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
        return Mono.defer(() -> translation.generate(request).reduce(new SingleAnswer(), SingleAnswer::with))
                .map(translation::response)
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
