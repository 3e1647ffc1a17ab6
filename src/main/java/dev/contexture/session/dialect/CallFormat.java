package dev.contexture.session.dialect;

import java.util.List;
import java.util.Set;

/** How a family of models writes calls. */
public enum CallFormat {
    HERMES(
            "<tool_call>\n",
            "arguments",
            "}\n</tool_call>",
            "\n<tool_call>\n",
            List.of(HermesCalls.OPEN, HermesCalls.CLOSE)) {
        @Override
        CallParser parser(Set<String> tools, CallSink out) {
            return new HermesCalls(tools, out);
        }
    },
    LLAMA("", "parameters", "}", "; ", List.of(LlamaCalls.TAG)) {
        @Override
        CallParser parser(Set<String> tools, CallSink out) {
            return new LlamaCalls(tools, out);
        }
    },
    MISTRAL(
            "[TOOL_CALLS] [",
            "arguments",
            "}",
            ", ",
            List.of(MistralCalls.MARKER, MistralCalls.ARGUMENTS, MistralCalls.ID)) {
        @Override
        CallParser parser(Set<String> tools, CallSink out) {
            return new MistralCalls(tools, out);
        }
    };

    /** In front of each call behind what opens it. */
    private static final String NAME = "{\"name\": \"";

    private final String open;
    private final String arguments;
    private final String close;
    private final String separator;
    private final List<String> markers;

    CallFormat(String open, String arguments, String close, String separator, List<String> markers) {
        this.open = open;
        this.arguments = arguments;
        this.close = close;
        this.separator = separator;
        this.markers = markers;
    }

    abstract CallParser parser(Set<String> tools, CallSink out);

    /** Texts that may be tokens of their own, hidden ones included. */
    List<String> markers() {
        return markers;
    }

    /**
     * What an answer is that must call.
     *
     * @throws IllegalArgumentException if nothing may be called
     */
    CallGrammar grammar(ToolUse use) {
        List<ToolDefinition> callable = use.callable();
        boolean one = callable.size() == 1;
        // Blanks in front of a text are part of its first token, so the prompt ends before them.
        String begun = open + NAME + (one ? callable.getFirst().name() + "\", \"" + arguments + "\":" : "");
        List<CallGrammar.Piece> pieces = callable.stream()
                .map(tool -> new CallGrammar.Piece(
                        tool.name(), one ? " " : tool.name() + "\", \"" + arguments + "\": ", tool.schema(), close))
                .toList();
        if (one && use.mostCalls() > 1) {
            // The calls behind the first have the whole head, which the prompt has of the first.
            return new CallGrammar(
                    begun,
                    pieces,
                    separator + NAME + callable.getFirst().name() + "\", \"" + arguments + "\":",
                    use.mostCalls());
        }
        return new CallGrammar(begun, pieces, separator + NAME, use.mostCalls());
    }
}
