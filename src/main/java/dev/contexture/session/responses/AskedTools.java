package dev.contexture.session.responses;

import dev.contexture.session.dialect.ToolChoice;
import java.util.List;
import java.util.Optional;

/**
 * The tools of a response as they were asked for, to be told again.
 *
 * @param parallel whether the answer may have several calls
 */
public record AskedTools(List<Function> functions, ToolChoice choice, boolean parallel) {
    public static final AskedTools NONE = new AskedTools(List.of(), ToolChoice.AUTO, true);

    public AskedTools {
        functions = List.copyOf(functions);
    }

    /**
     * A function.
     *
     * @param parameters JSON schema of its arguments, as JSON
     * @param strict as it was said; calls that are forced are held to the schema in any case, others in none
     */
    public record Function(
            String name, Optional<String> description, Optional<String> parameters, Optional<Boolean> strict) {}
}
