package dev.contexture.session.dialect;

/** What a piece of an answer's text turned out to be. Parts of a call come behind each other: begin, arguments, end. */
public sealed interface AnswerPart {
    /** For the reader. */
    record Text(String text) implements AnswerPart {}

    /** Of the reasoning in front of the answer, without its tags. */
    record Thought(String text) implements AnswerPart {}

    /**
     * A call begins.
     *
     * @param index of the call in the answer, from 0
     */
    record CallBegin(int index, String id, String name) implements AnswerPart {}

    /**
     * @param fragment of the call's arguments, an object as JSON
     */
    record CallArguments(int index, String fragment) implements AnswerPart {}

    /**
     * Nothing more comes of the call.
     *
     * @param whole whether its arguments are; a call that was passed on as it was drawn may have broken
     */
    record CallEnd(int index, boolean whole) implements AnswerPart {}
}
