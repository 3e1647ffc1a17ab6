package dev.contexture.session.dialect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

class ArgumentSchemaTest {
    private static final TypeReference<Map<String, Object>> SCHEMA = new TypeReference<>() {};

    private static Map<String, Object> read(String json) {
        return JsonMapper.shared().readValue(json.replace('\'', '"'), SCHEMA);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{} | {'type':'object'}",
                "{'type':'object'} | {'type':'object'}",
                "{'type':'object','properties':{}} | {'type':'object','properties':{},'additionalProperties':false}",
                "{'properties':{'a':{}},'required':['a']} | {'properties':{'a':{}},'required':['a'],'additionalProperties':false,'type':'object'}",
                "{'type':'object','properties':{'a':{}},'required':['b']} | {'type':'object','properties':{'a':{}},'required':['b']}",
                "{'type':'object','properties':{'a':{}},'additionalProperties':true} | {'type':'object','properties':{'a':{}},'additionalProperties':true}",
                "{'type':'object','properties':{'a':{'properties':{'b':{}}}},'allOf':[{}]} | {'type':'object','properties':{'a':{'properties':{'b':{}}}},'allOf':[{}]}",
                "{'type':'object','properties':{'a':{'items':{'properties':{'b':true}}}}} | {'type':'object','properties':{'a':{'items':{'properties':{'b':true},'additionalProperties':false}}},'additionalProperties':false}",
            })
    void whatIsNotNamedIsNotThere(String given, String held) {
        assertThat(ArgumentSchema.of(read(given))).isEqualTo(read(held));
    }

    @Test
    void argumentsAreObjects() {
        assertThatThrownBy(() -> ToolDefinition.of("f", "", Map.of("type", "string")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'f'");
    }
}
