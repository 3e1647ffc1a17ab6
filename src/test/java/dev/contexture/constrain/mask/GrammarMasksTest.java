package dev.contexture.constrain.mask;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.contexture.constrain.grammar.Machine;
import dev.contexture.constrain.grammar.State;
import dev.contexture.constrain.schema.SchemaCompiler;
import dev.contexture.testing.ByteTokens;
import dev.contexture.testing.RandomSchemas;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Masks against trying each token byte by byte. */
class GrammarMasksTest {
    private static final int MOST_STEPS = 150;

    private final ByteTokens tokens = new ByteTokens();
    private final TokenVocabulary vocabulary = new TokenVocabulary(tokens);

    private @Nullable State after(Machine machine, State state, int token) {
        State next = tokens.bytes(token).length == 0 ? null : state;
        for (byte b : tokens.bytes(token)) {
            next = next == null ? null : machine.next(next, b & 0xFF);
        }
        return next;
    }

    @Test
    void masksAreExact() {
        Random random = new Random(17);
        int most = 0;
        for (long seed = 0; seed < 60; seed++) {
            GrammarMasks masks = new GrammarMasks(SchemaCompiler.compile(RandomSchemas.of(seed), "#"), vocabulary);
            Machine plain = new Machine(SchemaCompiler.compile(RandomSchemas.of(seed), "#"), 64); // often forgets
            State state = masks.start();
            @Nullable State same = plain.start();
            for (int step = 0; step < MOST_STEPS; step++) {
                TokenMask mask = masks.mask(state);
                State here = Objects.requireNonNull(same);
                int[] expected = IntStream.range(0, tokens.count())
                        .filter(token -> token == tokens.end() ? here.isComplete() : after(plain, here, token) != null)
                        .toArray();
                assertThat(mask.tokens().toArray())
                        .as("seed %s, step %s", seed, step)
                        .isEqualTo(expected);
                assertThat(mask.count()).isEqualTo(expected.length).isPositive();
                assertThat(mask.first()).isEqualTo(expected[0]);
                most = Math.max(most, expected.length);
                int token = expected[random.nextInt(expected.length)];
                if (token == tokens.end()) {
                    assertThat(masks.next(state, token)).isSameAs(state);
                    break;
                }
                state = masks.next(state, token);
                same = after(plain, here, token);
            }
        }
        assertThat(most).as("tokens within a string").isGreaterThan(190);
    }

    @Test
    void masksOfManyWaysAreBoundedAndLeadOn() {
        String branches = IntStream.range(0, 60)
                .mapToObj(i -> "{\"type\":\"string\",\"pattern\":\"^[^a]{" + i + "}$\"}")
                .collect(Collectors.joining(","));
        String schema = "{\"anyOf\":[" + branches + "]}";
        long most = 3_000;
        GrammarMasks masks = new GrammarMasks(SchemaCompiler.compile(schema, "#"), vocabulary, most);
        State state = masks.start();
        StringBuilder text = new StringBuilder();
        for (int token = '"'; token != tokens.end(); ) {
            state = masks.next(state, token);
            text.append((char) token);
            TokenMask mask = masks.mask(state);
            assertThat(masks.nodes())
                    .isLessThanOrEqualTo(most + vocabulary.trie().nodes());
            token = mask.allows(tokens.end()) ? tokens.end() : mask.allows('b') ? 'b' : mask.first();
        }
        assertThat(text.toString()).matches("\"b{1,59}\"");
    }

    @Test
    void readingOnIsBounded() {
        Machine machine = new Machine(SchemaCompiler.compile("{}", "#"), 64);
        machine.allow(3);
        assertThatThrownBy(machine::start).isInstanceOf(IllegalStateException.class);
        machine.allow(1000);
        assertThat(machine.start().ways()).isNotEmpty();
    }

    @Test
    void aTokenOutsideTheMaskIsAnError() {
        GrammarMasks masks = new GrammarMasks(SchemaCompiler.compile("{\"type\":\"object\"}", "#"), vocabulary);
        State start = masks.start();
        assertThat(masks.mask(start).allows('{')).isTrue();
        for (int wrong : new int[] {'[', tokens.end(), -1, tokens.count()}) {
            assertThat(masks.mask(start).allows(wrong)).isFalse();
            assertThatThrownBy(() -> masks.next(start, wrong)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {'"', 0x7F, 0xF4})
    void aVocabularyMustSpellEveryText(int missing) {
        TokenVocabulary.Tokens without = new TokenVocabulary.Tokens() {
            @Override
            public int count() {
                return tokens.count();
            }

            @Override
            public byte[] bytes(int token) {
                return token == missing ? new byte[] {'"', '"'} : tokens.bytes(token);
            }

            @Override
            public Set<Integer> ends() {
                return tokens.ends();
            }
        };
        assertThatThrownBy(() -> new TokenVocabulary(without)).hasMessageContaining(String.format("0x%02x", missing));
    }
}
