package dev.contexture.session.dialect;

import dev.contexture.constrain.ConstraintSpec;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * How the answer to a prompt is to be read.
 *
 * @param tools that may be called
 * @param format of calls
 * @param thoughts tags of thoughts, if the model writes any
 * @param thinking whether the prompt ends within a thought
 */
public record AnswerForm(
        ToolUse tools, CallFormat format, ArgumentDelivery delivery, Optional<ThinkTags> thoughts, boolean thinking) {
    /** Text and nothing else. */
    public static final AnswerForm PLAIN =
            new AnswerForm(ToolUse.NONE, CallFormat.HERMES, ArgumentDelivery.CHECKED, Optional.empty(), false);

    /** Tokens that are part of the text to be read, though control tokens are hidden otherwise. */
    public Set<String> markers() {
        Set<String> markers = new HashSet<>();
        if (tools.isOn()) {
            markers.addAll(format.markers());
        }
        thoughts.ifPresent(tags -> {
            markers.add(tags.open());
            markers.add(tags.close());
        });
        return markers;
    }

    /** The same for an answer that is held to something: it may be spelled with all of them. */
    public Set<String> heldMarkers() {
        return Dialect.markers(format, thoughts);
    }

    /**
     * What the answer is held to: calls where there must be some, else a format or calls; a thought in front of it is free.
     *
     * @param text what the answer's text must be
     * @return empty if it may be anything
     */
    public Optional<ConstraintSpec> held(Optional<ConstraintSpec> text) {
        Optional<ConstraintSpec> answer = tools.isForced() ? Optional.of(format.calls(tools)) : text.map(this::orCalls);
        return answer.map(this::behindThought);
    }

    private ConstraintSpec orCalls(ConstraintSpec text) {
        return tools.isOn() ? new ConstraintSpec.Either(List.of(text, format.calls(tools))) : text;
    }

    private ConstraintSpec behindThought(ConstraintSpec answer) {
        return thoughts.<ConstraintSpec>map(
                        tags -> new ConstraintSpec.AfterThought(tags.open(), tags.close(), thinking, answer))
                .orElse(answer);
    }

    /** Whether calls mean that the answer just stopped: the caller wanted this one. */
    public boolean isNamed() {
        return tools.choice() instanceof ToolChoice.Named;
    }
}
