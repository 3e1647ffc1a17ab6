package dev.contexture.provider.langchain4j;

import dev.contexture.provider.SingleAnswer;
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
import dev.langchain4j.model.chat.response.PartialResponseContext;
import dev.langchain4j.model.chat.response.PartialThinking;
import dev.langchain4j.model.chat.response.PartialThinkingContext;
import dev.langchain4j.model.chat.response.PartialToolCall;
import dev.langchain4j.model.chat.response.PartialToolCallContext;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.chat.response.StreamingHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Flow;
import reactor.adapter.JdkFlowAdapter;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;

/** LangChain4j's streaming chat model over an engine in the same process; see {@link ContextureChatModel}. */
public final class ContextureStreamingChatModel implements StreamingChatModel {
    private final ChatTranslation translation;
    private final ChatRequestParameters defaults;
    private final List<ChatModelListener> listeners;

    /**
     * @param defaults for what a request leaves open
     */
    public ContextureStreamingChatModel(
            InferenceService service, ChatRequestParameters defaults, List<ChatModelListener> listeners) {
        this.translation = new ChatTranslation(service);
        this.defaults = defaults;
        this.listeners = List.copyOf(listeners);
    }

    /** A model with the engine's own defaults. */
    public static ContextureStreamingChatModel of(InferenceService service) {
        return new ContextureStreamingChatModel(
                service, ChatRequestParameters.builder().build(), List.of());
    }

    @Override
    public void doChat(ChatRequest request, StreamingChatResponseHandler handler) {
        Disposable.Swap subscription = Disposables.swap();
        StreamingHandle streaming = handle(subscription);
        PartialResponseContext context = new PartialResponseContext(streaming);
        subscription.update(events(request)
                .subscribe(
                        event -> {
                            switch (event) {
                                case PartialResponse partial -> handler.onPartialResponse(partial, context);
                                case PartialThinking partial ->
                                    handler.onPartialThinking(partial, new PartialThinkingContext(streaming));
                                case PartialToolCall partial ->
                                    handler.onPartialToolCall(partial, new PartialToolCallContext(streaming));
                                case CompleteToolCall call -> handler.onCompleteToolCall(call);
                                case CompleteResponse complete -> handler.onCompleteResponse(complete.chatResponse());
                                default -> throw new IllegalStateException("not an event of ours: " + event);
                            }
                        },
                        handler::onError));
    }

    /** Cancelling ends the generation within one step; a handler that throws does so, too, and hears of it once. */
    private static StreamingHandle handle(Disposable subscription) {
        return new StreamingHandle() {
            @Override
            public void cancel() {
                subscription.dispose();
            }

            @Override
            public boolean isCancelled() {
                return subscription.isDisposed();
            }
        };
    }

    @Override
    public Flow.Publisher<ChatModelStreamingEvent> doChat(ChatRequest request) {
        return JdkFlowAdapter.publisherToFlowPublisher(events(request));
    }

    private Flux<ChatModelStreamingEvent> events(ChatRequest request) {
        return Flux.defer(() -> {
                    SingleAnswer answer = new SingleAnswer();
                    return translation.generate(request).concatMapIterable(event -> events(event, answer.with(event)));
                })
                .onErrorMap(ChatTranslation::exception);
    }

    private List<ChatModelStreamingEvent> events(GenerationEvent event, SingleAnswer answer) {
        List<ChatModelStreamingEvent> events = new ArrayList<>();
        if (event instanceof Delta delta && !delta.text().isEmpty()) {
            events.add(new PartialResponse(delta.text()));
        }
        if (event instanceof Part part) {
            events.addAll(events(part.part(), answer.spoken()));
        }
        if (event instanceof Completed) {
            events.add(new CompleteResponse(translation.response(answer)));
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
