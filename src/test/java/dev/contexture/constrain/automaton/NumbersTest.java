package dev.contexture.constrain.automaton;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Automata of numbers against comparing the numbers. */
class NumbersTest {
    private final Random random = new Random(3);

    private static boolean matches(Optional<TableDfa> dfa, String text) {
        return dfa.isPresent() && dfa.get().matches(text.getBytes(StandardCharsets.UTF_8));
    }

    private static boolean isIn(Numbers.Range range, BigDecimal value) {
        BigDecimal least = range.least();
        BigDecimal most = range.most();
        return (least == null || value.compareTo(least) >= (range.leastExcluded() ? 1 : 0))
                && (most == null || value.compareTo(most) <= (range.mostExcluded() ? -1 : 0))
                && (range.multiple() == null
                        || value.remainder(range.multiple()).signum() == 0)
                && (!range.whole() || value.stripTrailingZeros().scale() <= 0);
    }

    private @Nullable BigDecimal bound() {
        return random.nextInt(4) == 0 ? null : BigDecimal.valueOf(random.nextInt(4001) - 2000, random.nextInt(4));
    }

    @Test
    void acceptWhatIsWithinBounds() {
        int accepted = 0;
        for (int i = 0; i < 400; i++) {
            BigDecimal multiple =
                    random.nextInt(3) > 0 ? null : BigDecimal.valueOf(1 + random.nextInt(30), random.nextInt(3));
            Numbers.Range range = new Numbers.Range(
                    random.nextBoolean(), bound(), random.nextBoolean(), bound(), random.nextBoolean(), multiple);
            Optional<TableDfa> dfa = in(range);
            for (int n = 0; n < 300; n++) {
                int scale = range.whole()
                        ? 0
                        : random.nextInt(
                                multiple == null
                                        ? 4
                                        : 1
                                                + Math.max(
                                                        0,
                                                        multiple.stripTrailingZeros()
                                                                .scale()));
                BigDecimal value = BigDecimal.valueOf(random.nextInt(6001) - 3000, scale);
                boolean expected = isIn(range, value);
                accepted += expected ? 1 : 0;
                assertThat(matches(dfa, value.toPlainString()))
                        .as("%s of %s", value.toPlainString(), range)
                        .isEqualTo(expected);
            }
        }
        assertThat(accepted).isGreaterThan(5_000);
    }

    @Test
    void neverAcceptWhatIsNoNumberOfJson() {
        Optional<TableDfa> any = in(new Numbers.Range(false, null, false, null, false, null));
        for (String text : new String[] {"0", "-1", "12.5", "0.0", "1e5", "1E-7", "-0.25e+10", "123456789012345"}) {
            assertThat(matches(any, text)).as(text).isTrue();
        }
        for (String text : new String[] {
            "", "-", "01", "+1", ".5", "1.", "1e", "1e+", "--1", "1.2.3", "0x1", "1e123", " 1", "1234567890123456"
        }) {
            assertThat(matches(any, text)).as(text).isFalse();
        }
        Optional<TableDfa> whole = in(new Numbers.Range(true, null, false, null, false, null));
        assertThat(matches(whole, "999999999999999999")).isTrue();
        assertThat(matches(whole, "-0")).as("a zero has no sign").isFalse();
        assertThat(matches(whole, "1.0")).isFalse();
        assertThat(matches(whole, "1e3")).isFalse();
    }

    @Test
    void thereMayBeNone() {
        assertThat(in(new Numbers.Range(true, new BigDecimal("1.2"), false, new BigDecimal("1.8"), false, null)))
                .isEmpty();
        assertThat(in(new Numbers.Range(false, BigDecimal.ONE, true, BigDecimal.ONE, false, null)))
                .isEmpty();
        assertThat(matches(in(new Numbers.Range(false, BigDecimal.ONE, false, BigDecimal.ONE, false, null)), "1.00"))
                .isTrue();
    }

    @Test
    void whatIsTooFineIsRefused() {
        assertThatThrownBy(() -> in(new Numbers.Range(true, null, false, null, false, new BigDecimal("1234567"))))
                .isInstanceOf(TooLargeException.class);
        assertThatThrownBy(() -> in(new Numbers.Range(false, new BigDecimal("1e1000"), false, null, false, null)))
                .isInstanceOf(TooLargeException.class);
    }

    private static Optional<TableDfa> in(Numbers.Range range) {
        return Numbers.in(range, new Work());
    }
}
