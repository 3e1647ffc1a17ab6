package dev.contexture.model.safetensors;

import dev.contexture.model.ModelFormatException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** JSON beside the weights. */
final class JsonFiles {
    private JsonFiles() {}

    /**
     * @throws ModelFormatException if the file is missing or no JSON object
     */
    static JsonNode read(Path file) throws IOException {
        if (!Files.exists(file)) {
            throw new ModelFormatException("it has no " + file.getFileName());
        }
        try {
            JsonNode json = JsonMapper.shared().readTree(Files.readString(file));
            if (!json.isObject()) {
                throw new ModelFormatException(file.getFileName() + " is no JSON object");
            }
            return json;
        } catch (JacksonException e) {
            throw new ModelFormatException(file.getFileName() + " is no JSON: " + e.getOriginalMessage(), e);
        } catch (java.nio.charset.CharacterCodingException e) {
            throw new ModelFormatException(file.getFileName() + " is no UTF-8 text", e);
        }
    }
}
