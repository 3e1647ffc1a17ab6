package dev.contexture.session.responses;

import dev.contexture.session.GenerationEvent;
import java.util.Optional;

/** What is heard of a response while it is made, in order: one {@link Started}, texts, and one of the ends. */
public sealed interface ResponseEvent {
    /**
     * @param messageId of the one message that will be its output
     */
    record Started(Response response, String messageId) implements ResponseEvent {}

    /** Text of the answer that is final; never empty. */
    record Text(String text) implements ResponseEvent {}

    /**
     * Completed, incomplete or cancelled.
     *
     * @param completed what the generation said at its end; absent if it was cancelled
     */
    record Ended(Response response, Optional<GenerationEvent.Completed> completed) implements ResponseEvent {}

    /** It failed after it had started. */
    record Failed(Response response, Throwable cause) implements ResponseEvent {}
}
