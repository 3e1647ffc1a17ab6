package dev.contexture.testing;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SchemaValidatorsConfig;
import com.networknt.schema.SpecVersion;
import java.util.Optional;

/** A validator of JSON schemas that knows nothing of ours. */
public final class SchemaJudge {
    private static final ObjectMapper JSON = new ObjectMapper()
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS, DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
    private static final JsonSchemaFactory FACTORY = JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012);

    private final JsonSchema schema;

    public SchemaJudge(String schema) {
        this.schema = FACTORY.getSchema(
                schema,
                SchemaValidatorsConfig.builder().formatAssertionsEnabled(true).build());
    }

    /** What is wrong with a value; empty: nothing. */
    public Optional<String> fault(String json) {
        try {
            JsonNode value = JSON.readTree(json);
            return schema.validate(value).stream().map(Object::toString).reduce((a, b) -> a + "; " + b);
        } catch (JsonProcessingException e) {
            return Optional.of("not JSON: " + e.getMessage());
        }
    }
}
