package dev.contexture.split;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class SplitSettingsTest {
    private static final DelimiterTable GENERAL = BuiltInDelimiters.general();
    private static final DelimiterTable SAMPLE = TestTables.sample();

    private static SplitSettings settings(SplitMode mode, int block, int slack, double price) {
        return new SplitSettings(mode, block, slack, price, DelimiterScore.LITERAL, 0);
    }

    @ParameterizedTest
    @CsvSource({
        "1, 0, 0.5, block-tokens",
        "1025, 0, 0.5, block-tokens",
        "16, -1, 0.5, slack-tokens",
        "16, 16, 0.5, slack-tokens",
        "16, 4, -0.1, distance-weight",
        "16, 4, NaN, distance-weight",
        "16, 4, Infinity, distance-weight"
    })
    void badValuesAreNamed(int block, int slack, double price, String name) {
        assertThatThrownBy(() -> settings(SplitMode.DYNAMIC, block, slack, price))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(name);
    }

    @Test
    void defaultsAreSixteenTokensAndAQuarterOfSlack() {
        assertThat(SplitSettings.of(SplitMode.DYNAMIC)).isEqualTo(settings(SplitMode.DYNAMIC, 16, 4, 0.5));
    }

    @ParameterizedTest
    @EnumSource(SplitMode.class)
    void equalSettingsHaveEqualFingerprints(SplitMode mode) {
        assertThat(SplitSettings.of(mode).fingerprint(SAMPLE))
                .matches("[0-9a-f]{64}")
                .isEqualTo(SplitSettings.of(mode).fingerprint(TestTables.sample()));
    }

    @Test
    void everythingThatDecidesIsInTheFingerprint() {
        List<String> fingerprints = Stream.concat(
                        Stream.of(SplitMode.values())
                                .map(mode -> SplitSettings.of(mode).fingerprint(GENERAL)),
                        Stream.of(
                                SplitSettings.of(SplitMode.DYNAMIC).fingerprint(SAMPLE),
                                settings(SplitMode.DYNAMIC, 32, 4, 0.5).fingerprint(GENERAL),
                                settings(SplitMode.DYNAMIC, 16, 5, 0.5).fingerprint(GENERAL),
                                settings(SplitMode.DYNAMIC, 16, 4, 0.6).fingerprint(GENERAL),
                                settings(SplitMode.FIXED, 32, 4, 0.5).fingerprint(GENERAL),
                                new SplitSettings(SplitMode.DYNAMIC, 16, 4, 0.5, DelimiterScore.SINKLESS, 0)
                                        .fingerprint(GENERAL),
                                new SplitSettings(SplitMode.RANDOM, 16, 4, 0.5, DelimiterScore.LITERAL, 1)
                                        .fingerprint(GENERAL)))
                .toList();
        assertThat(fingerprints).doesNotHaveDuplicates();
    }

    @Test
    void whatTheModeDoesNotLookAtIsNotInTheFingerprint() {
        assertThat(settings(SplitMode.FIXED, 16, 4, 0.5).fingerprint(GENERAL))
                .isEqualTo(settings(SplitMode.FIXED, 16, 8, 2).fingerprint(SAMPLE));
        assertThat(settings(SplitMode.DELIMITER_LIST, 16, 4, 0.5).fingerprint(GENERAL))
                .isEqualTo(settings(SplitMode.DELIMITER_LIST, 16, 4, 1).fingerprint(SAMPLE));
    }
}
