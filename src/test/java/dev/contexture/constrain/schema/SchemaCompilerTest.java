package dev.contexture.constrain.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.contexture.constrain.grammar.Machine;
import dev.contexture.constrain.grammar.State;
import dev.contexture.testing.SchemaJudge;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which texts schemas let through, and what is said of those that cannot be held. */
class SchemaCompilerTest {
    private static boolean takes(String schema, String text) {
        Machine machine = new Machine(SchemaCompiler.compile(schema, "#"), 1000);
        State state = machine.start();
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            State next = machine.next(state, b & 0xFF);
            if (next == null) {
                return false;
            }
            state = next;
        }
        return state.isComplete();
    }

    record Case(String schema, List<String> right, List<String> wrong) {}

    static List<Case> cases() {
        return List.of(
                new Case(
                        "{}",
                        List.of("1", "\"a\"", "null", "[]", "{}", "{\"a\": [1, {\"b\": true}]}", "[\n  1,\n  2\n]"),
                        List.of("", "a", "[1", "{\"a\"}", "[1,]")),
                new Case(
                        "{\"type\":\"integer\",\"minimum\":-5,\"exclusiveMaximum\":12,\"multipleOf\":2}",
                        List.of("-4", "0", "10"),
                        List.of("-6", "12", "3", "1.0")),
                new Case(
                        "{\"type\":[\"string\",\"null\"],\"maxLength\":2}",
                        List.of("\"ab\"", "null", "\"\""),
                        List.of("\"abc\"", "1")),
                new Case(
                        "{\"type\":\"string\",\"nullable\":true,\"pattern\":\"^a+$\"}",
                        List.of("null", "\"aa\""),
                        List.of("\"\"", "\"b\"")),
                new Case(
                        "{\"enum\":[\"a\",1,null,{\"x\":[1,2]}],\"not-known\":1}",
                        List.of("\"a\"", "1", "null", "{\"x\":[1,2]}", "{\"x\": [1, 2]}"),
                        List.of("2", "{\"x\":[1]}")),
                new Case(
                        "{\"enum\":[\"a\",\"bb\",3],\"type\":\"string\",\"minLength\":2}",
                        List.of("\"bb\""),
                        List.of("\"a\"", "3")),
                new Case("{\"const\":\"a\\\"b\"}", List.of("\"a\\\"b\""), List.of("\"ab\"")),
                new Case(
                        "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\"},\"b\":{\"type\":\"integer\"},\"c\":{\"type\":\"integer\"}},\"required\":[\"b\"],\"additionalProperties\":false}",
                        List.of("{\"b\":1}", "{\"a\":1,\"b\":2}", "{\"b\":1,\"c\":2}", "{\"a\":1, \"b\":2, \"c\": 3 }"),
                        List.of(
                                "{}",
                                "{\"a\":1}",
                                "{\"b\":1,\"a\":2}",
                                "{\"b\":1,\"d\":2}",
                                "{\"b\":1,}",
                                "{\"b\":\"1\"}")),
                new Case(
                        "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\"}},\"additionalProperties\":{\"type\":\"string\"},\"maxProperties\":2}",
                        List.of(
                                "{}",
                                "{\"a\":1}",
                                "{\"b\":\"x\"}",
                                "{\"a\":1,\"b\":\"x\"}",
                                "{\"\":\"x\",\"aa\":\"y\"}"),
                        List.of(
                                "{\"a\":\"x\"}",
                                "{\"b\":1}",
                                "{\"b\":\"x\",\"c\":\"y\",\"d\":\"z\"}",
                                "{\"\\u0061\":\"x\"}")),
                new Case(
                        "{\"type\":\"object\",\"properties\":{\"a\":{},\"b\":{},\"c\":{}},\"additionalProperties\":false,\"minProperties\":2,\"maxProperties\":2}",
                        List.of("{\"a\":1,\"b\":1}", "{\"a\":1,\"c\":1}", "{\"b\":1,\"c\":1}"),
                        List.of("{}", "{\"a\":1}", "{\"c\":1}", "{\"a\":1,\"b\":1,\"c\":1}")),
                new Case(
                        "{\"type\":\"object\",\"patternProperties\":{\"^x\":{\"type\":\"integer\"},\"y$\":{\"minimum\":5}},\"additionalProperties\":false,\"minProperties\":1}",
                        List.of("{\"x\":1}", "{\"xy\":5}", "{\"ay\":\"s\"}"),
                        List.of("{}", "{\"xy\":1}", "{\"ay\":1}", "{\"z\":1}", "{\"x\":\"s\"}")),
                new Case(
                        "{\"type\":\"object\",\"propertyNames\":{\"maxLength\":2},\"additionalProperties\":{\"type\":\"null\"}}",
                        List.of("{\"ab\":null}"),
                        List.of("{\"abc\":null}")),
                new Case(
                        "{\"type\":\"array\",\"items\":{\"type\":\"boolean\"},\"minItems\":1,\"maxItems\":2}",
                        List.of("[true]", "[true, false]"),
                        List.of("[]", "[true,true,true]", "[1]")),
                new Case(
                        "{\"type\":\"array\",\"prefixItems\":[{\"type\":\"integer\"},{\"type\":\"string\"}],\"items\":false}",
                        List.of("[]", "[1]", "[1,\"a\"]"),
                        List.of("[\"a\"]", "[1,\"a\",2]")),
                new Case(
                        "{\"type\":\"array\",\"items\":[{\"type\":\"integer\"}],\"additionalItems\":{\"type\":\"null\"}}",
                        List.of("[1,null,null]"),
                        List.of("[1,1]")),
                new Case("{\"type\":\"array\",\"uniqueItems\":true,\"maxItems\":1}", List.of("[1]"), List.of("[1,1]")),
                new Case(
                        "{\"allOf\":[{\"minimum\":3},{\"type\":\"integer\"},{\"maximum\":4}]}",
                        List.of("3", "4"),
                        List.of("2", "5", "3.5")),
                new Case(
                        "{\"type\":\"integer\",\"anyOf\":[{\"maximum\":3},{\"minimum\":10}]}",
                        List.of("3", "10"),
                        List.of("4", "\"a\"")),
                new Case(
                        "{\"oneOf\":[{\"type\":\"integer\",\"maximum\":3},{\"type\":\"integer\",\"minimum\":4},{\"type\":\"string\"}]}",
                        List.of("3", "4", "\"a\""),
                        List.of("null")),
                new Case(
                        "{\"$defs\":{\"n\":{\"type\":\"object\",\"properties\":{\"next\":{\"anyOf\":[{\"$ref\":\"#/$defs/n\"},{\"type\":\"null\"}]}},\"required\":[\"next\"],\"additionalProperties\":false}},\"$ref\":\"#/$defs/n\"}",
                        List.of("{\"next\":null}", "{\"next\":{\"next\":null}}"),
                        List.of("{}", "null")),
                new Case("{\"anyOf\":[{\"$ref\":\"#\"},{\"const\":1}]}", List.of("1"), List.of("2")),
                new Case(
                        "{\"$defs\":{\"a~b/c\":{\"$anchor\":\"here\",\"type\":\"null\"}},\"anyOf\":[{\"$ref\":\"#/$defs/a~0b~1c\"},{\"$ref\":\"#here\"}]}",
                        List.of("null"),
                        List.of("1")),
                new Case(
                        "{\"type\":\"number\",\"minimum\":0,\"exclusiveMinimum\":true}",
                        List.of("0.1", "3"),
                        List.of("0", "-1")),
                new Case(
                        "{\"type\":\"string\",\"format\":\"date\",\"pattern\":\"^2024\"}",
                        List.of("\"2024-02-28\""),
                        List.of("\"2023-01-01\"", "\"2024-13-01\"", "\"2024-02-30\"")),
                new Case("{\"type\":\"string\",\"format\":\"unheard-of\"}", List.of("\"a\""), List.of("1")));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void textsOf(Case test) {
        for (String right : test.right) {
            assertThat(takes(test.schema, right))
                    .as("%s of %s", right, test.schema)
                    .isTrue();
            if (!test.schema.contains("nullable")
                    && !test.schema.contains("\"items\":[")
                    && !test.schema.contains("true}")
                    && !test.schema.contains("anyOf\":[{\"$ref\":\"#\"}")) {
                assertThat(new SchemaJudge(test.schema).fault(right))
                        .as("%s of %s", right, test.schema)
                        .isEmpty();
            }
        }
        for (String wrong : test.wrong) {
            assertThat(takes(test.schema, wrong))
                    .as("%s of %s", wrong, test.schema)
                    .isFalse();
        }
    }

    @Test
    void spaceIsBounded() {
        String schema = "{\"type\":\"array\",\"items\":{\"type\":\"integer\"}}";
        assertThat(takes(schema, "[\n" + " ".repeat(40) + "1\n]")).isTrue();
        assertThat(takes(schema, "[\n" + " ".repeat(41) + "1\n]")).isFalse();
        assertThat(takes(schema, "[  1]")).isFalse();
        assertThat(takes(schema, "[1] ")).isFalse();
        assertThat(takes(schema, " [1]")).isFalse();
    }

    @Test
    void depthIsBoundedAndCanAlwaysBeClosed() {
        assertThat(takes("{}", "[".repeat(64) + "]".repeat(64))).isTrue();
        assertThat(takes("{}", "[".repeat(65) + "]".repeat(65))).isFalse();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "{\"properties\":{\"a\":{\"not\":{}}}};#/properties/a/not",
                "{\"if\":{}};#/if",
                "{\"items\":{\"contains\":{}}};#/items/contains",
                "{\"uniqueItems\":true};#/uniqueItems",
                "{\"dependentRequired\":{}};#/dependentRequired",
                "{\"unevaluatedProperties\":false};#/unevaluatedProperties",
                "{\"$dynamicRef\":\"#a\"};#/$dynamicRef",
                "{\"$ref\":\"other.json\"};#/$ref",
                "{\"$ref\":\"#/$defs/none\"};#/$ref",
                "{\"$ref\":\"#/%zz\"};#/$ref",
                "{\"const\":\"\\ud800\"};#/const",
                "{\"oneOf\":[{\"required\":[\"\\ud800\"]},{\"required\":[\"a\"]}]};#",
                "{\"minimum\":1e401};#/minimum",
                "{\"items\":{\"multipleOf\":1e-999999999}};#/items/multipleOf",
                "{\"enum\":[0,1e999999999]};#/enum/1",
                "{\"properties\":{\"a\":{\"$id\":\"other\",\"items\":{\"$ref\":\"#/x\"}}}};#/properties/a/$id",
                "{\"$defs\":{\"a\":{\"$id\":\"other\",\"$anchor\":\"b\"}}};#/$defs/a/$id",
                "{\"type\":\"string\",\"pattern\":\"a**\"};#/pattern",
                "{\"type\":\"string\",\"pattern\":\"(a{10000}){10000}{10000}\"};#/pattern",
                "{\"type\":\"text\"};#/type",
                "{\"type\":7};#/type",
                "{\"type\":\"string\",\"minLength\":\"3\"};#/minLength",
                "{\"type\":\"string\",\"minLength\":-1};#/minLength",
                "{\"type\":\"string\",\"pattern\":\"(?=a)\"};#/pattern",
                "{\"type\":\"string\",\"pattern\":\"[\"};#/pattern",
                "{\"type\":\"integer\",\"multipleOf\":0};#/multipleOf",
                "{\"type\":\"integer\",\"multipleOf\":1234567};#/multipleOf",
                "{\"oneOf\":[{\"type\":\"integer\"},{\"type\":\"number\"}]};#/oneOf",
                "{\"oneOf\":[{\"type\":\"string\",\"pattern\":\"a\"},{\"type\":\"string\",\"maxLength\":3}]};#/oneOf",
                "{\"oneOf\":[{\"type\":\"string\",\"format\":\"date\"},{\"type\":\"string\",\"format\":\"ipv4\"}]};#/oneOf",
                "{\"oneOf\":[{\"const\":\"a\"},{\"type\":\"string\",\"format\":\"date\"}]};#/oneOf",
                "{\"oneOf\":[{\"type\":\"string\",\"pattern\":\"^\\\\s$\"},{\"const\":\"\u00a0\"}]};#/oneOf",
                "{\"oneOf\":[{\"type\":\"string\",\"pattern\":\"^\\\\s$\"},{\"type\":\"string\",\"pattern\":\"^\\\\S$\"}]};#/oneOf",
                "{\"anyOf\":[]};#/anyOf",
                "{\"anyOf\":3};#/anyOf",
                "{\"properties\":[]};#/properties",
                "{\"properties\":{\"a/b\":3}};#/properties/a~1b",
                "{\"required\":\"a\"};#/required",
                "{\"enum\":3};#/enum",
                "{\"type\":\"object\",\"minProperties\":3};#/minProperties",
                "{\"type\":\"integer\",\"minimum\":5,\"maximum\":4};#",
                "{\"type\":\"object\",\"properties\":{\"a\":{\"$ref\":\"#\"}},\"required\":[\"a\"]};#",
                "{\"$ref\":\"#\"};#",
                "false;#",
                "[];#",
                "{\"a\":;#",
            })
    void whatCannotBeHeldIsSaidWithItsPlace(String schema, String path) {
        assertThatThrownBy(() -> SchemaCompiler.compile(schema, "#"))
                .isInstanceOfSatisfying(UnsupportedSchemaException.class, e -> {
                    assertThat(e.path()).isEqualTo(path);
                    assertThat(e).hasMessageStartingWith(path + ": ");
                });
    }

    @ParameterizedTest
    @ValueSource(ints = {65, 200})
    void valuesThatMustBeDeeperThanAllowedAreRefused(int depth) {
        String schema = "{\"type\":\"array\",\"minItems\":1,\"items\":".repeat(depth) + "{\"type\":\"null\"}"
                + "}".repeat(depth);
        assertThatThrownBy(() -> SchemaCompiler.compile(schema, "#")).hasMessageContaining("64");
    }

    @Test
    void identifiersThatChangeNothingAreTaken() {
        String schema = "{\"$id\":\"here\",\"$defs\":{\"a\":{\"$id\":\"there\",\"const\":{\"$ref\":\"#x\"}}},"
                + "\"properties\":{\"$id\":{\"$ref\":\"#/$defs/a\"},\"$ref\":{\"type\":\"null\"}}}";
        assertThat(takes(schema, "{\"$id\":{\"$ref\":\"#x\"},\"$ref\":null}")).isTrue();
    }

    @Test
    void keysThatDialectsDifferOnAreNotWritten() {
        String schema =
                "{\"patternProperties\":{\"^\\\\s$\":{\"type\":\"null\"}},\"additionalProperties\":{\"type\":\"integer\"}}";
        assertThat(takes(schema, "{\" \":null}")).isTrue();
        assertThat(takes(schema, "{\"a\":1}")).isTrue();
        for (String value : List.of("null", "1")) {
            assertThat(takes(schema, "{\"\u00a0\":" + value + "}")).isFalse();
        }
        String named = "{\"type\":\"object\",\"required\":[\"\u00a0\"]," + schema.substring(1);
        assertThatThrownBy(() -> takes(named, "{}"))
                .as("it would have to be both")
                .hasMessageContaining("no finite value");
    }

    @Test
    void manyOptionalPropertiesAreRefused() {
        assertThat(takes("{\"properties\":{" + optional(512) + "}}", "{\"p511\":1}"))
                .isTrue();
        assertThatThrownBy(() -> SchemaCompiler.compile("{\"properties\":{" + optional(513) + "}}", "#"))
                .isInstanceOf(UnsupportedSchemaException.class)
                .hasMessageStartingWith("#/properties: more than 512");
    }

    private static String optional(int count) {
        return java.util.stream.IntStream.range(0, count)
                .mapToObj(i -> "\"p" + i + "\":{}")
                .collect(java.util.stream.Collectors.joining(","));
    }

    @Test
    void manyCasesAreRefused() {
        String either = "{\"anyOf\":[{\"minimum\":1},{\"maximum\":0},{\"multipleOf\":2}]}";
        String schema =
                "{\"type\":\"integer\",\"allOf\":[" + (either + ",").repeat(7) + either.replace("2", "3") + "]}";
        assertThatThrownBy(() -> SchemaCompiler.compile(schema, "#")).hasMessageContaining("512");
    }
}
