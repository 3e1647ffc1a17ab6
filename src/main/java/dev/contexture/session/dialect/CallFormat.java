package dev.contexture.session.dialect;

import dev.contexture.constrain.ConstraintSpec;
import java.util.List;
import java.util.Set;

/** How a family of models writes calls. */
public enum CallFormat {
    HERMES(
            "",
            "<tool_call>\n",
            "arguments",
            "}\n</tool_call>",
            "\n",
            "",
            List.of(HermesCalls.OPEN, HermesCalls.CLOSE)) {
        @Override
        CallParser parser(Set<String> tools, CallSink out) {
            return new HermesCalls(tools, out);
        }
    },
    LLAMA("", "", "parameters", "}", "; ", "", List.of(LlamaCalls.TAG)) {
        @Override
        CallParser parser(Set<String> tools, CallSink out) {
            return new LlamaCalls(tools, out);
        }
    },
    MISTRAL(
            MistralCalls.MARKER + " [",
            "",
            "arguments",
            "}",
            ", ",
            "]",
            List.of(MistralCalls.MARKER, MistralCalls.ARGUMENTS, MistralCalls.ID)) {
        @Override
        CallParser parser(Set<String> tools, CallSink out) {
            return new MistralCalls(tools, out);
        }
    };

    private final String beforeAll;
    private final String before;
    private final String arguments;
    private final String after;
    private final String separator;
    private final String afterAll;
    private final List<String> markers;

    CallFormat(
            String beforeAll,
            String before,
            String arguments,
            String after,
            String separator,
            String afterAll,
            List<String> markers) {
        this.beforeAll = beforeAll;
        this.before = before;
        this.arguments = arguments;
        this.after = after;
        this.separator = separator;
        this.afterAll = afterAll;
        this.markers = markers;
    }

    abstract CallParser parser(Set<String> tools, CallSink out);

    /** Texts that may be tokens of their own, hidden ones included. */
    List<String> markers() {
        return markers;
    }

    /**
     * What an answer is that calls and says nothing else.
     *
     * @throws IllegalArgumentException if nothing may be called
     */
    ConstraintSpec calls(ToolUse use) {
        List<ConstraintSpec.Piece> pieces =
                use.callable().stream().map(this::piece).toList();
        return new ConstraintSpec.Pieces(beforeAll, pieces, separator, afterAll, use.mostCalls());
    }

    private ConstraintSpec.Piece piece(ToolDefinition tool) {
        String head = before + "{\"name\": \"" + tool.name() + "\", \"" + arguments + "\": ";
        return new ConstraintSpec.Piece(tool.name(), head, tool.argumentSchema(), after);
    }
}
