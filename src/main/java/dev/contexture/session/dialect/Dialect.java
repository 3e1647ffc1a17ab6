package dev.contexture.session.dialect;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * How a model is spoken to about tools, and how it answers.
 *
 * @param format of its calls
 * @param tools who writes them into prompts
 * @param arguments how its template wants those of earlier calls
 * @param severalCalls whether its template takes several calls in one message
 * @param systemMessages whether its template takes them
 * @param thoughts tags of its thoughts, if it writes any
 */
public record Dialect(
        CallFormat format,
        ToolPrompt tools,
        CallArguments arguments,
        boolean severalCalls,
        boolean systemMessages,
        ArgumentDelivery delivery,
        Optional<ThinkTags> thoughts) {
    /** Who writes tools, calls and results into a prompt. */
    public enum ToolPrompt {
        /** The model's chat template. */
        TEMPLATE,
        /** We, in Hermes' format, as the template does not know of tools. */
        GENERIC
    }

    /** How chat templates want arguments. */
    public enum CallArguments {
        OBJECT,
        JSON_TEXT
    }

    /** Of a template that knows of nothing. */
    public static final Dialect GENERIC = new Dialect(
            CallFormat.HERMES,
            ToolPrompt.GENERIC,
            CallArguments.OBJECT,
            true,
            true,
            ArgumentDelivery.CHECKED,
            Optional.empty());

    /** Control tokens that answers may be made of, by their text. */
    public Set<String> markers() {
        return markers(format, thoughts);
    }

    static Set<String> markers(CallFormat format, Optional<ThinkTags> thoughts) {
        Set<String> markers = new HashSet<>(format.markers());
        thoughts.ifPresent(tags -> markers.addAll(List.of(tags.open(), tags.close())));
        return markers;
    }
}
