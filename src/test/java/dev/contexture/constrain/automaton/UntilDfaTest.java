package dev.contexture.constrain.automaton;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class UntilDfaTest {
    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** Marks that hold themselves, in texts of few letters. */
    @Test
    void endsWithTheFirstMark() {
        Random random = new Random(1);
        int accepted = 0;
        for (String mark : List.of("a", "aa", "ab", "aab", "aba", "abab", "aabaaab", "abcabd", "ü", "</think>")) {
            UntilDfa dfa = new UntilDfa(bytes(mark));
            for (int i = 0; i < 20_000; i++) {
                StringBuilder text = new StringBuilder();
                String letters = mark + "abcd";
                for (int length = random.nextInt(14); length > 0; length--) {
                    text.append(letters.charAt(random.nextInt(letters.length())));
                }
                text.append(random.nextBoolean() ? mark : "");
                boolean expected = text.indexOf(mark) >= 0 && text.indexOf(mark) == text.length() - mark.length();
                assertThat(dfa.matches(bytes(text.toString())))
                        .as("%s until %s", text, mark)
                        .isEqualTo(expected);
                accepted += expected ? 1 : 0;
            }
        }
        assertThat(accepted).isBetween(20_000, 180_000);
    }

    @Test
    void nothingGoesOnBehindTheMark() {
        UntilDfa dfa = new UntilDfa(bytes("ab"));
        int end = dfa.run(bytes("aab"));
        assertThat(dfa.accepts(end)).isTrue();
        assertThat(dfa.canGoOn(end)).isFalse();
        assertThat(dfa.key(end, 9)).isEqualTo(new UntilDfa(bytes("ab")).key(end, 3));
        assertThat(dfa.key(end, 9)).isNotEqualTo(dfa.key(dfa.start(), 9));
        assertThatThrownBy(() -> new UntilDfa(new byte[0])).isInstanceOf(IllegalArgumentException.class);
    }
}
