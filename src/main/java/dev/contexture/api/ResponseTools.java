package dev.contexture.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonRawValue;
import dev.contexture.session.dialect.ToolChoice;
import dev.contexture.session.responses.AskedTools;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The tools of a response, as they are told again. */
final class ResponseTools {
    private ResponseTools() {}

    static List<Tool> of(AskedTools asked) {
        return asked.functions().stream()
                .map(function -> new Tool(
                        "function",
                        function.name(),
                        function.description().orElse(null),
                        function.parameters().orElse(null),
                        function.strict().orElse(null)))
                .toList();
    }

    /** A word, or an object that names a function. */
    static Object choice(ToolChoice choice) {
        return switch (choice) {
            case ToolChoice.Auto auto -> "auto";
            case ToolChoice.None none -> "none";
            case ToolChoice.Required required -> "required";
            case ToolChoice.Named named -> new Named("function", named.name());
        };
    }

    /** A function; what was not said of it is null. */
    @Schema(name = "ResponseTool")
    @JsonInclude(JsonInclude.Include.ALWAYS)
    record Tool(
            @JsonProperty("type") String type,
            @JsonProperty("name") String name,
            @JsonProperty("description") @Nullable String description,

            @Schema(type = "object") @JsonRawValue @JsonProperty("parameters") @Nullable
            String parameters,

            @JsonProperty("strict") @Nullable Boolean strict) {}

    @Schema(name = "ResponseToolChoice")
    record Named(
            @JsonProperty("type") String type,
            @JsonProperty("name") String name) {}
}
