package dev.contexture.session.responses;

import dev.contexture.session.GenerationEvent;
import java.util.Optional;

/**
 * What is heard of a response while it is made, in order: one {@link Started}, items one behind the other, and one of the ends. The last
 * item's own end is told by the response that has ended.
 */
public sealed interface ResponseEvent {
    record Started(Response response) implements ResponseEvent {}

    /**
     * An item of the output begins, empty.
     *
     * @param index in the output, from 0
     */
    record Begun(int index, ResponseItem item) implements ResponseEvent {}

    /** Text of a message that is final; never empty. */
    record Text(int index, String itemId, String text) implements ResponseEvent {}

    /** Text of a reasoning item; never empty. */
    record Thought(int index, String itemId, String text) implements ResponseEvent {}

    /** A piece of a call's arguments; never empty. */
    record Arguments(int index, String itemId, String fragment) implements ResponseEvent {}

    /** Nothing more comes of an item; it is whole, but for a call that broke. */
    record Done(int index, ResponseItem item) implements ResponseEvent {}

    /**
     * Completed, incomplete or cancelled.
     *
     * @param completed what the generation said at its end; absent if it was cancelled
     */
    record Ended(Response response, Optional<GenerationEvent.Completed> completed) implements ResponseEvent {}

    /** It failed after it had started. */
    record Failed(Response response, Throwable cause) implements ResponseEvent {}
}
