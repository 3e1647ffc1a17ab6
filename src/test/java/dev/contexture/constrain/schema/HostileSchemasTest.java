package dev.contexture.constrain.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.contexture.constrain.automaton.Work;
import dev.contexture.testing.RandomSchemas;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Schemas that would take for ever: what compiling takes is counted, and bounded. */
class HostileSchemasTest {
    private static String repeated(String part, int times) {
        return String.join(",", java.util.Collections.nCopies(times, part));
    }

    private static String joined(int count, java.util.function.IntFunction<String> part) {
        return IntStream.range(0, count).mapToObj(part).collect(Collectors.joining(","));
    }

    static List<String> endless() {
        return List.of(
                // 2^60 cases none of which is ever finished
                "{\"allOf\":[" + repeated("{\"anyOf\":[{},{}]}", 60) + ",{\"anyOf\":[false]}]}",
                "{\"allOf\":[" + repeated("{\"oneOf\":[{\"type\":\"null\"},{\"type\":\"string\"}]}", 60)
                        + "],\"anyOf\":[false]}",
                "{\"allOf\":[" + repeated("{\"anyOf\":[{\"$ref\":\"#\"}]}", 3000) + "]}",
                // groups within each other without a character
                "{\"type\":\"string\",\"pattern\":\"^" + "(".repeat(12) + "a" + "{1,3})".repeat(12) + "$\"}",
                // automata of all pairs of branches
                "{\"oneOf\":["
                        + joined(400, i -> "{\"type\":\"string\",\"pattern\":\"^[a-c]{0,300}x" + i + "$\"}")
                        + "]}",
                // each place has a large automaton of its own
                "{\"properties\":{"
                        + joined(
                                400,
                                i -> "\"p" + i + "\":{\"type\":\"string\",\"pattern\":\"^(a|b)*a(a|b){11}" + i + "$\"}")
                        + "}}",
                "{\"enum\":[" + joined(4000, i -> "[[[[" + i + "]]]]") + "],\"allOf\":[{\"enum\":["
                        + joined(4000, i -> "[[[[" + -i + "]]]]") + "]}]}");
    }

    @ParameterizedTest
    @MethodSource("endless")
    void whatWouldTakeTooLongIsRefused(String schema) {
        Work work = new Work();
        assertThatThrownBy(() -> SchemaCompiler.compile(schema, "#", work))
                .isInstanceOf(UnsupportedSchemaException.class);
        assertThat(work.done()).isLessThanOrEqualTo(Work.MOST);
    }

    @Test
    void theReasonIsSaid() {
        assertThatThrownBy(() -> SchemaCompiler.compile(endless().getFirst(), "call#", new Work()))
                .isInstanceOf(UnsupportedSchemaException.class)
                .hasMessageStartingWith("call#: the schema is too much work: ");
    }

    @Test
    void choicesWithinEachOtherAreBounded() {
        String one = "{\"anyOf\":[{\"type\":\"object\"},{\"type\":\"array\"}]}";
        assertThatThrownBy(() -> SchemaCompiler.compile("{\"allOf\":[" + repeated(one, 3000) + "]}", "#"))
                .isInstanceOf(UnsupportedSchemaException.class)
                .hasMessageContaining("more than 200");
        String chain = joined(
                3000, i -> "\"d" + i + "\":{\"oneOf\":[{\"$ref\":\"#/$defs/d" + (i + 1) + "\"},{\"type\":\"null\"}]}");
        assertThatThrownBy(() -> SchemaCompiler.compile(
                        "{\"$ref\":\"#/$defs/d0\",\"$defs\":{" + chain + ",\"d3000\":{\"type\":\"string\"}}}", "#"))
                .isInstanceOf(UnsupportedSchemaException.class)
                .hasMessageContaining("more than 200");
        String references = joined(3000, i -> "\"d" + i + "\":{\"$ref\":\"#/$defs/d" + (i + 1) + "\"}");
        assertThatThrownBy(() -> SchemaCompiler.compile(
                        "{\"$ref\":\"#/$defs/d0\",\"$defs\":{" + references + ",\"d3000\":{}}}", "#"))
                .isInstanceOf(UnsupportedSchemaException.class)
                .hasMessageContaining("too much work");
    }

    private static long workOf(String schema) {
        Work work = new Work();
        SchemaCompiler.compile(schema, "#", work);
        return work.done();
    }

    @Test
    void valuesAreTriedOnceAtEachPlace() {
        String depth = "[".repeat(60) + "1" + "]".repeat(60);
        String schema = "{\"$defs\":{\"n\":{\"anyOf\":[{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/n\"}},"
                + "{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/n\"}},{\"const\":1}]}},"
                + "\"allOf\":[{\"$ref\":\"#/$defs/n\"}],\"const\":" + depth + "}";
        assertThat(workOf(schema)).isLessThan(100_000);
    }

    @Test
    void patternsOfKeysAreMadeOnce() {
        String schema =
                "{\"patternProperties\":{\"^(a|b)*a(a|b){6}$\":{}},\"additionalProperties\":false,\"properties\":{"
                        + joined(400, i -> "\"k" + i + "\":{}") + "}}";
        assertThat(workOf(schema)).isLessThan(3_000_000);
    }

    @Test
    void automataOfBranchesAreMadeOnce() {
        String branch = "{\"type\":\"string\",\"pattern\":\"^x%d(a|b)*a(a|b){6}$\"}";
        String schema = "{\"oneOf\":[" + joined(12, i -> branch.formatted(i)) + "]}";
        assertThat(workOf(schema)).isLessThan(12 * 3 * workOf(branch.formatted(1)));
    }

    @Test
    void emptyGroupsAreNotRepeated() {
        assertThat(workOf("{\"type\":\"string\",\"pattern\":\"((?:){10000}){10000}((|){9999}){9999}a\"}"))
                .isLessThan(200_000);
    }

    @Test
    void usualSchemasAreFarBelowTheBound() {
        long most = 0;
        for (int seed = 0; seed < 300; seed++) {
            most = Math.max(most, workOf(RandomSchemas.of(seed)));
        }
        assertThat(most).isLessThan(Work.MOST / 10);
    }

    @Test
    void anInterruptEndsIt() {
        Thread.currentThread().interrupt();
        try {
            assertThatThrownBy(() -> SchemaCompiler.compile(endless().getFirst(), "#", new Work()))
                    .isInstanceOf(CancellationException.class);
        } finally {
            assertThat(Thread.interrupted()).isTrue();
        }
    }
}
