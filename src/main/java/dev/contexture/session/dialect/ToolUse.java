package dev.contexture.session.dialect;

import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The tools of a request.
 *
 * @param parallel whether an answer may have several calls
 */
public record ToolUse(List<ToolDefinition> tools, ToolChoice choice, boolean parallel) {
    /** Most tools of a request. */
    public static final int MOST_TOOLS = 128;

    /** Most calls of an answer. */
    public static final int MOST_CALLS = 32;

    /** No tools. */
    public static final ToolUse NONE = new ToolUse(List.of(), ToolChoice.AUTO, true);

    public ToolUse {
        tools = List.copyOf(tools);
        if (tools.size() > MOST_TOOLS) {
            throw new IllegalArgumentException("tools must be at most " + MOST_TOOLS + " but are " + tools.size());
        }
        Set<String> names = new HashSet<>();
        for (ToolDefinition tool : tools) {
            if (!names.add(tool.name())) {
                throw new IllegalArgumentException(
                        "tools must have different names, but '" + tool.name() + "' is there twice");
            }
        }
        if (choice instanceof ToolChoice.Named named && !names.contains(named.name())) {
            throw new IllegalArgumentException("tool_choice names '" + named.name() + "', which is none of the tools");
        }
        if (choice instanceof ToolChoice.Required && tools.isEmpty()) {
            throw new IllegalArgumentException("tool_choice must be auto or none where there are no tools");
        }
    }

    public static ToolUse auto(List<ToolDefinition> tools) {
        return new ToolUse(tools, ToolChoice.AUTO, true);
    }

    /** Whether the model may call anything. */
    boolean isOn() {
        return !tools.isEmpty() && !(choice instanceof ToolChoice.None);
    }

    /** Whether the answer must be a call. */
    public boolean isForced() {
        return choice instanceof ToolChoice.Required || choice instanceof ToolChoice.Named;
    }

    /** Tools that may be called now. */
    List<ToolDefinition> callable() {
        return switch (choice) {
            case ToolChoice.None none -> List.of();
            case ToolChoice.Named named ->
                tools.stream().filter(tool -> tool.name().equals(named.name())).toList();
            case ToolChoice.Auto auto -> tools;
            case ToolChoice.Required required -> tools;
        };
    }

    Set<String> callableNames() {
        Set<String> names = new LinkedHashSet<>();
        callable().forEach(tool -> names.add(tool.name()));
        return names;
    }

    int mostCalls() {
        return parallel && !(choice instanceof ToolChoice.Named) ? MOST_CALLS : 1;
    }

    /** As chat templates read them. */
    List<Map<String, Object>> toTemplate() {
        return isOn() ? tools.stream().map(ToolDefinition::toTemplate).toList() : List.of();
    }
}
