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
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

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
    void aTokenOutsideTheMaskIsAnError() {
        GrammarMasks masks = new GrammarMasks(SchemaCompiler.compile("{\"type\":\"object\"}", "#"), vocabulary);
        State start = masks.start();
        assertThat(masks.mask(start).allows('{')).isTrue();
        for (int wrong : new int[] {'[', tokens.end(), -1, tokens.count()}) {
            assertThat(masks.mask(start).allows(wrong)).isFalse();
            assertThatThrownBy(() -> masks.next(start, wrong)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void aVocabularyMustSpellEveryText() {
        TokenVocabulary.Tokens withoutQuote = new TokenVocabulary.Tokens() {
            @Override
            public int count() {
                return tokens.count();
            }

            @Override
            public byte[] bytes(int token) {
                return token == '"' ? new byte[] {'"', '"'} : tokens.bytes(token);
            }

            @Override
            public Set<Integer> ends() {
                return tokens.ends();
            }
        };
        assertThatThrownBy(() -> new TokenVocabulary(withoutQuote)).hasMessageContaining("0x22");
    }
}
