package dev.contexture.testing;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SchemaValidatorsConfig;
import com.networknt.schema.SpecVersion;
import com.networknt.schema.regex.RegularExpression;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A validator of JSON schemas that knows nothing of ours. Values must be right however a validator may read a schema: whether or
 * not it asserts formats, and whether it takes spaces and line breaks of patterns for those of ASCII or of Unicode.
 */
public final class SchemaJudge {
    private static final ObjectMapper JSON = new ObjectMapper()
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS, DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
    private static final JsonSchemaFactory FACTORY = JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012);

    private final List<JsonSchema> readings;

    public SchemaJudge(String schema) {
        this.readings = List.of(
                FACTORY.getSchema(
                        schema,
                        SchemaValidatorsConfig.builder()
                                .formatAssertionsEnabled(true)
                                .build()),
                FACTORY.getSchema(
                        schema,
                        SchemaValidatorsConfig.builder()
                                .formatAssertionsEnabled(false)
                                .regularExpressionFactory(SchemaJudge::unicode)
                                .build()));
    }

    private static RegularExpression unicode(String pattern) {
        Pattern compiled = Pattern.compile(pattern, Pattern.UNICODE_CHARACTER_CLASS | Pattern.UNIX_LINES);
        return text -> compiled.matcher(text).find();
    }

    /** What is wrong with a value; empty: nothing. */
    public Optional<String> fault(String json) {
        try {
            JsonNode value = JSON.readTree(json);
            return readings.stream()
                    .flatMap(schema -> schema.validate(value).stream())
                    .map(Object::toString)
                    .reduce((a, b) -> a + "; " + b);
        } catch (JsonProcessingException e) {
            return Optional.of("not JSON: " + e.getMessage());
        }
    }
}
