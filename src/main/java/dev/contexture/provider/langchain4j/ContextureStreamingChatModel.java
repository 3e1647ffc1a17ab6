package dev.contexture.provider.langchain4j;

import dev.contexture.provider.ContextureClient;
import dev.contexture.provider.EmbeddedClient;
import dev.contexture.provider.SingleAnswer;
import dev.contexture.provider.langchain4j.spi.ContextureStreamingChatModelBuilderFactory;
import dev.contexture.session.GenerationEvent;
import dev.contexture.session.GenerationEvent.Completed;
import dev.contexture.session.GenerationEvent.Delta;
import dev.contexture.session.GenerationEvent.Part;
import dev.contexture.session.InferenceService;
import dev.contexture.session.SpokenAnswer;
import dev.contexture.session.dialect.AnswerPart;
import dev.langchain4j.model.ModelProvider;
import dev.langchain4j.model.chat.Capability;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.ChatModelStreamingEvent;
import dev.langchain4j.model.chat.response.CompleteResponse;
import dev.langchain4j.model.chat.response.CompleteToolCall;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.chat.response.PartialThinking;
import dev.langchain4j.model.chat.response.PartialToolCall;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.spi.ServiceHelper;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Flow;
import reactor.adapter.JdkFlowAdapter;
import reactor.core.publisher.Flux;

/** LangChain4j's streaming chat model over an engine in the same process or a service over HTTP; see {@link ContextureChatModel}. */
public final class ContextureStreamingChatModel implements StreamingChatModel {
    private final ChatTranslation translation;
    private final ContextureChatRequestParameters defaults;
    private final List<ChatModelListener> listeners;

    /**
     * @param defaults for what a request leaves open
     */
    public ContextureStreamingChatModel(
            ContextureClient client, ChatRequestParameters defaults, List<ChatModelListener> listeners) {
        this.translation = new ChatTranslation(client);
        this.defaults = ContextureChatRequestParameters.of(defaults);
        this.listeners = List.copyOf(listeners);
    }

    /** A model with the engine's own defaults, over the engine of this process. */
    public static ContextureStreamingChatModel of(InferenceService service) {
        return of(EmbeddedClient.of(service));
    }

    /** A model with the engine's own defaults. */
    public static ContextureStreamingChatModel of(ContextureClient client) {
        return new ContextureStreamingChatModel(client, ContextureChatRequestParameters.EMPTY, List.of());
    }

    /** One of a framework's if there is any, see {@code ContextureStreamingChatModelBuilderFactory}. */
    public static Builder builder() {
        for (ContextureStreamingChatModelBuilderFactory factory :
                ServiceHelper.loadFactories(ContextureStreamingChatModelBuilderFactory.class)) {
            return factory.get();
        }
        return new Builder();
    }

    /** What a model is made of; factories may extend it. */
    public static class Builder extends ChatModelBuilder<ContextureStreamingChatModel, Builder> {
        public Builder() {}

        @Override
        Builder self() {
            return this;
        }

        @Override
        ContextureStreamingChatModel model(
                ContextureClient ofClient, ChatRequestParameters ofDefaults, List<ChatModelListener> ofListeners) {
            return new ContextureStreamingChatModel(ofClient, ofDefaults, ofListeners);
        }
    }

    @Override
    public void doChat(ChatRequest request, StreamingChatResponseHandler handler) {
        events(request).subscribe(new ToHandler(handler));
    }

    @Override
    public Flow.Publisher<ChatModelStreamingEvent> doChat(ChatRequest request) {
        return JdkFlowAdapter.publisherToFlowPublisher(events(request));
    }

    private Flux<ChatModelStreamingEvent> events(ChatRequest request) {
        return translation
                .ask(request)
                .flatMapMany(asked -> asked.events()
                        .concatMapIterable(event -> events(event, asked.answer().with(event))))
                .onErrorMap(ChatTranslation::exception);
    }

    private static List<ChatModelStreamingEvent> events(GenerationEvent event, SingleAnswer answer) {
        List<ChatModelStreamingEvent> events = new ArrayList<>();
        if (event instanceof Delta delta && !delta.text().isEmpty()) {
            events.add(new PartialResponse(delta.text()));
        }
        if (event instanceof Part part) {
            events.addAll(events(part.part(), answer.spoken()));
        }
        if (event instanceof Completed) {
            events.add(new CompleteResponse(ChatTranslation.response(answer)));
        }
        return events;
    }

    private static List<ChatModelStreamingEvent> events(AnswerPart part, SpokenAnswer spoken) {
        return switch (part) {
            case AnswerPart.Text text -> List.of(new PartialResponse(text.text()));
            case AnswerPart.Thought thought -> List.of(new PartialThinking(thought.text()));
            case AnswerPart.CallBegin begin -> List.of(); // they have no event without arguments
            case AnswerPart.CallArguments more ->
                List.of(PartialToolCall.builder()
                        .index(more.index())
                        .id(spoken.call(more.index()).id())
                        .name(spoken.call(more.index()).name())
                        .partialArguments(more.fragment())
                        .build());
            case AnswerPart.CallEnd end ->
                List.of(new CompleteToolCall(end.index(), ChatTranslation.call(spoken.call(end.index()))));
        };
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
