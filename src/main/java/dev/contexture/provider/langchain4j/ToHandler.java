package dev.contexture.provider.langchain4j;

import dev.langchain4j.exception.InternalServerException;
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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.BaseSubscriber;

/**
 * An answer's events to a handler, which may cancel from the first on. Cancelling ends the generation within one step and nothing comes behind it. A handler
 * that throws hears of it by its {@code onError}, and the answer goes on, as LangChain4j wants it; what {@code onError} throws is logged.
 */
final class ToHandler extends BaseSubscriber<ChatModelStreamingEvent> implements StreamingHandle {
    private static final Logger LOG = LoggerFactory.getLogger(ToHandler.class);

    private final StreamingChatResponseHandler handler;
    private boolean isAnswered;

    ToHandler(StreamingChatResponseHandler handler) {
        this.handler = handler;
    }

    @Override
    protected void hookOnNext(ChatModelStreamingEvent event) {
        try {
            handle(event);
        } catch (RuntimeException e) {
            hookOnError(e);
        }
    }

    private void handle(ChatModelStreamingEvent event) {
        switch (event) {
            case PartialResponse partial -> handler.onPartialResponse(partial, new PartialResponseContext(this));
            case PartialThinking partial -> handler.onPartialThinking(partial, new PartialThinkingContext(this));
            case PartialToolCall partial -> handler.onPartialToolCall(partial, new PartialToolCallContext(this));
            case CompleteToolCall call -> handler.onCompleteToolCall(call);
            case CompleteResponse complete -> {
                isAnswered = true;
                handler.onCompleteResponse(complete.chatResponse());
            }
            default -> throw new IllegalStateException("not an event of ours: " + event);
        }
    }

    @Override
    protected void hookOnComplete() {
        if (!isAnswered) {
            hookOnError(new InternalServerException("the stream ended without an answer"));
        }
    }

    @Override
    protected void hookOnError(Throwable error) {
        try {
            handler.onError(error);
        } catch (RuntimeException e) {
            LOG.warn("a handler's onError failed", e);
        }
    }

    @Override
    public boolean isCancelled() {
        return isDisposed();
    }
}
