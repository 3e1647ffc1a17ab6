package dev.contexture.session.dialect;

import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/**
 * How the answer to a prompt is to be read.
 *
 * @param tools that may be called
 * @param format of calls
 * @param thoughts tags of thoughts, if the model writes any
 * @param thinking whether the prompt ends within a thought
 * @param begun what the prompt has of the answer already, behind where the template ends
 * @param grammar what the answer must be; empty: anything
 */
public record AnswerForm(
        ToolUse tools,
        CallFormat format,
        ArgumentDelivery delivery,
        Optional<ThinkTags> thoughts,
        boolean thinking,
        String begun,
        Optional<CallGrammar> grammar) {
    /** Text and nothing else. */
    public static final AnswerForm PLAIN = new AnswerForm(
            ToolUse.NONE, CallFormat.HERMES, ArgumentDelivery.CHECKED, Optional.empty(), false, "", Optional.empty());

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

    /** Whether calls mean that the answer just stopped: the caller wanted this one. */
    public boolean isNamed() {
        return tools.choice() instanceof ToolChoice.Named;
    }
}
