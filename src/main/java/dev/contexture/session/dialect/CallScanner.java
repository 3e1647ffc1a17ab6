package dev.contexture.session.dialect;

import java.util.Set;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads one call as JSON: {@code {"name": …, "arguments": {…}}}, in any order, {@code parameters} for {@code arguments}, other keys
 * passed over; or the arguments alone where the name is known. Arguments may be written as a text that has the object.
 */
final class CallScanner {
    /** What is known so far. */
    enum State {
        READING,
        COMPLETE,
        MALFORMED,
        UNKNOWN_TOOL,
        /** An object that is no call, and does not look like one. */
        OTHER_OBJECT
    }

    /** Whether an object with other keys than a call's is passed over as something else. */
    enum Expecting {
        CALL,
        ANY_OBJECT
    }

    private static final Set<String> COMMON_KEYS = Set.of("name", "arguments", "parameters", "type", "id");

    private final Set<String> tools;
    private final Expecting expecting;
    private final JsonScanner json = new JsonScanner();
    private final StringBuilder raw = new StringBuilder();
    private final boolean argumentsAlone;
    private String name;
    private String key = "";
    private int textBegin;
    private int valueBegin;
    private int argumentsBegin = -1;
    private int argumentsEnd = -1;
    private State state = State.READING;
    private boolean tookLast = true;

    /**
     * @param tools names of those that may be called
     */
    CallScanner(Set<String> tools, Expecting expecting) {
        this(tools, expecting, "", false);
    }

    private CallScanner(Set<String> tools, Expecting expecting, String name, boolean argumentsAlone) {
        this.tools = tools;
        this.expecting = expecting;
        this.name = name;
        this.argumentsAlone = argumentsAlone;
    }

    /** Reads the arguments of a call whose name was read already. */
    static CallScanner ofArguments(Set<String> tools, String name) {
        CallScanner scanner = new CallScanner(tools, Expecting.CALL, name, true);
        if (!tools.contains(name)) {
            scanner.state = State.UNKNOWN_TOOL;
        }
        return scanner;
    }

    /** What was read, without the character that broke it. */
    String raw() {
        return raw.toString();
    }

    String name() {
        return name;
    }

    State state() {
        return state;
    }

    /** Whether the name is known and the arguments' object has begun. */
    boolean hasBegunArguments() {
        return tools.contains(name) && argumentsBegin >= 0 && raw.charAt(argumentsBegin) == '{';
    }

    /**
     * The arguments as far as they were read.
     *
     * @param from characters that are left out
     */
    String argumentsFrom(int from) {
        return raw.substring(argumentsBegin + from, argumentsEnd < 0 ? raw.length() : argumentsEnd);
    }

    /** The arguments of a complete call: an object as JSON, as it was written. */
    String arguments() {
        if (argumentsBegin < 0) {
            return "{}";
        }
        String written = raw.substring(argumentsBegin, argumentsEnd);
        return written.startsWith("\"") ? decoded(written) : written;
    }

    /** Whether the last character is part of {@link #raw}: one that breaks JSON is not. */
    boolean tookLast() {
        return tookLast;
    }

    State next(char c) {
        if (state != State.READING) {
            return state;
        }
        int openBefore = json.open();
        boolean inTextBefore = json.isInText();
        JsonScanner.Step step = json.next(c);
        if (step == JsonScanner.Step.BROKEN) {
            tookLast = false;
            return state = State.MALFORMED;
        }
        raw.append(c);
        if (!inTextBefore && json.isInText()) {
            textBegin = raw.length() - 1;
        }
        switch (step) {
            case KEY -> keyEnded();
            case BEGIN -> valueBegan(c, openBefore);
            case VALUE -> valueEnded();
            case PART, BROKEN -> {}
        }
        return state;
    }

    private void keyEnded() {
        if (json.open() != 1 || argumentsAlone) {
            return;
        }
        key = decoded(raw.substring(textBegin));
        if (key.equals("name") && !name.isEmpty() || isArguments() && argumentsBegin >= 0) {
            state = State.MALFORMED;
        } else if (expecting == Expecting.ANY_OBJECT
                && !COMMON_KEYS.contains(key)
                && (name.isEmpty() || argumentsBegin < 0)) {
            state = State.OTHER_OBJECT;
        }
    }

    private boolean isArguments() {
        return key.equals("arguments") || key.equals("parameters");
    }

    private void valueBegan(char c, int openBefore) {
        if (argumentsAlone) {
            if (openBefore == 0) {
                argumentsBegin = raw.length() - 1;
            }
            return;
        }
        if (openBefore != 1) {
            return;
        }
        valueBegin = raw.length() - 1;
        if (key.equals("name") && c != '"') {
            state = refused();
        } else if (isArguments()) {
            argumentsBegin = valueBegin;
            if (c != '{' && c != '"') {
                state = refused();
            } else if (isUnknown()) {
                state = State.UNKNOWN_TOOL;
            }
        }
    }

    private boolean isUnknown() {
        return !name.isEmpty() && !tools.contains(name);
    }

    private State refused() {
        return expecting == Expecting.CALL ? State.MALFORMED : State.OTHER_OBJECT;
    }

    private void valueEnded() {
        if (json.open() == 0) {
            if (argumentsAlone) {
                argumentsEnd = raw.length();
            }
            state = ended();
        } else if (json.open() == 1 && !argumentsAlone) {
            if (key.equals("name")) {
                name = decoded(raw.substring(valueBegin));
                if (isUnknown() && (expecting == Expecting.CALL || argumentsBegin >= 0)) {
                    state = State.UNKNOWN_TOOL;
                }
            } else if (isArguments()) {
                argumentsEnd = raw.length();
                if (raw.charAt(argumentsBegin) == '"' && !isObject(arguments())) {
                    state = refused();
                }
            }
        }
    }

    private State ended() {
        if (name.isEmpty() || expecting == Expecting.ANY_OBJECT && argumentsBegin < 0) {
            return refused();
        }
        return State.COMPLETE;
    }

    private static boolean isObject(String text) {
        JsonScanner json = new JsonScanner();
        for (int i = 0; i < text.length(); i++) {
            JsonScanner.Step step = json.next(text.charAt(i));
            if (step == JsonScanner.Step.BROKEN) {
                return false;
            }
            if (step == JsonScanner.Step.VALUE && json.open() == 0) {
                return text.startsWith("{") && i == text.length() - 1;
            }
        }
        return false;
    }

    private static String decoded(String quoted) {
        return JsonMapper.shared().readValue(quoted, String.class);
    }
}
