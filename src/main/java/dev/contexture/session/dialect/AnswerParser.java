package dev.contexture.session.dialect;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Takes an answer's text apart as it comes, in whatever pieces: thoughts in front, then text and calls. Nothing is lost: what is no
 * call is text, but for tags, and white space between the parts.
 */
public final class AnswerParser {
    private enum Place {
        /** Nothing but white space so far: a thought may begin. */
        BEGIN,
        THOUGHT,
        /** Behind a thought, before anything else. */
        BEHIND_THOUGHT,
        ANSWER
    }

    private final Optional<CallParser> calls;
    private final CallSink out;
    private final List<AnswerPart> thoughts = new ArrayList<>();
    private final StringBuilder thought = new StringBuilder();
    private final Optional<MarkerSearch> opening;
    private final Optional<MarkerSearch> closing;
    private Place place;
    private boolean thoughtBegun;

    /**
     * @param ids makes an id for each call
     */
    public AnswerParser(AnswerForm form, Supplier<String> ids, CallListener listener) {
        ToolUse tools = form.tools();
        this.out = new CallSink(form.delivery(), tools.isOn() ? tools.mostCalls() : Integer.MAX_VALUE, ids, listener);
        this.calls = tools.isOn() ? Optional.of(form.format().parser(tools.callableNames(), out)) : Optional.empty();
        this.opening = form.thoughts().map(tags -> new MarkerSearch(List.of(tags.open()), this::beganOtherwise));
        this.closing = form.thoughts().map(tags -> new MarkerSearch(List.of(tags.close()), this::thought));
        this.place = form.thoughts().isEmpty() ? Place.ANSWER : form.thinking() ? Place.THOUGHT : Place.BEGIN;
    }

    /** What this piece of text makes certain. */
    public List<AnswerPart> append(String text) {
        for (int i = 0; i < text.length() && !out.isFull(); i++) {
            next(text.charAt(i));
        }
        return taken();
    }

    private List<AnswerPart> taken() {
        if (!thought.isEmpty()) {
            thoughts.add(new AnswerPart.Thought(thought.toString()));
            thought.setLength(0);
        }
        List<AnswerPart> parts = new ArrayList<>(thoughts);
        thoughts.clear();
        parts.addAll(out.take());
        return parts;
    }

    private void next(char c) {
        switch (place) {
            case BEGIN -> {
                MarkerSearch search = opening.orElseThrow();
                if (search.next(c).isPresent()) {
                    place = Place.THOUGHT;
                } else if (place == Place.ANSWER) {
                    search.flush();
                }
            }
            case THOUGHT -> {
                if (closing.orElseThrow().next(c).isPresent()) {
                    place = Place.BEHIND_THOUGHT;
                }
            }
            case BEHIND_THOUGHT -> {
                if (!Character.isWhitespace(c)) {
                    place = Place.ANSWER;
                    inAnswer(c);
                }
            }
            case ANSWER -> inAnswer(c);
        }
    }

    /** What is no opening tag is the answer's. */
    private void beganOtherwise(CharSequence text) {
        place = Place.ANSWER;
        text.chars().forEach(c -> inAnswer((char) c));
    }

    private void thought(CharSequence text) {
        String more = thoughtBegun ? text.toString() : text.toString().stripLeading();
        thoughtBegun |= !more.isEmpty();
        thought.append(more);
    }

    private void inAnswer(char c) {
        if (calls.isPresent()) {
            calls.get().next(c);
        } else {
            out.text(String.valueOf(c));
        }
    }

    /** Whether what comes next is part of a thought, or may be its tag. */
    public boolean isThinking() {
        return place == Place.THOUGHT;
    }

    /** Whether there are as many calls as there may be: what the model goes on with is not wanted. */
    public boolean isFull() {
        return out.isFull();
    }

    /** Calls that are complete. */
    public int calls() {
        return out.calls();
    }

    /** What was held back, when the answer ends. */
    public List<AnswerPart> finish() {
        switch (place) {
            case BEGIN -> opening.orElseThrow().flush();
            case THOUGHT -> closing.orElseThrow().flush();
            case BEHIND_THOUGHT, ANSWER -> {}
        }
        calls.ifPresent(CallParser::finish);
        return taken();
    }
}
