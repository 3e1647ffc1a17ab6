package dev.contexture.session;

import java.util.Map;
import java.util.Objects;

/**
 * A message as chat templates read it.
 *
 * @param fields role, content and what else the template may want
 */
public record SessionMessage(Map<String, Object> fields) {
    public SessionMessage {
        fields = Map.copyOf(fields);
        if (!(fields.get("role") instanceof String)) {
            throw new IllegalArgumentException("a message has a role but not " + fields.get("role"));
        }
    }

    public static SessionMessage of(String role, String content) {
        return new SessionMessage(Map.of("role", role, "content", content));
    }

    public String role() {
        return (String) Objects.requireNonNull(fields.get("role"));
    }

    /** Whether both say the same, whatever ids their clients gave them. */
    boolean says(SessionMessage other) {
        return role().equals(other.role())
                && Objects.equals(fields.get("content"), other.fields.get("content"))
                && Objects.equals(fields.get("tool_calls"), other.fields.get("tool_calls"));
    }
}
