package dev.contexture.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.contexture.kv.BlockCutter;
import dev.contexture.split.DelimiterFormatException;
import dev.contexture.split.DelimiterScore;
import dev.contexture.split.SplitMode;
import dev.contexture.split.SplitSettings;
import dev.contexture.testing.ByteTokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

class SegmentationTest {
    private static final String MODEL = "f".repeat(64);

    @TempDir
    private Path folder;

    private static SplitProperties bind(Map<String, String> values) {
        return new Binder(new MapConfigurationPropertySource(values))
                .bindOrCreate("contexture.split", SplitProperties.class);
    }

    private static List<Integer> ends(SplitProperties properties, String text) {
        ByteTokenizer tokenizer = new ByteTokenizer();
        BlockCutter cutter = Segmentation.open(properties, MODEL, tokenizer).newCutter();
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        int[] tokens = new int[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            tokens[i] = bytes[i];
        }
        List<Integer> ends = new ArrayList<>();
        cutter.accept(tokens, 0, tokens.length, ends::add);
        return ends;
    }

    @Test
    void withoutSettingsBlocksAreFixed() {
        assertThat(bind(Map.of()).settings()).isEqualTo(SplitSettings.of(SplitMode.FIXED));
        assertThat(ends(bind(Map.of()), "x".repeat(40))).containsExactly(16, 32);
    }

    @Test
    void slackFollowsTheBlocksUnlessItIsSet() {
        assertThat(bind(Map.of("contexture.split.block-tokens", "32"))
                        .settings()
                        .slackTokens())
                .isEqualTo(8);
        SplitSettings set = bind(Map.of(
                        "contexture.split.mode", "delimiter-list",
                        "contexture.split.slack-tokens", "3",
                        "contexture.split.score", "sinkless",
                        "contexture.split.distance-weight", "0.25",
                        "contexture.split.seed", "9"))
                .settings();
        assertThat(set).isEqualTo(new SplitSettings(SplitMode.DELIMITER_LIST, 16, 3, 0.25, DelimiterScore.SINKLESS, 9));
    }

    @Test
    void badValuesNameTheSetting() {
        assertThatThrownBy(() -> bind(Map.of("contexture.split.block-tokens", "1")))
                .hasRootCauseMessage("block-tokens must be in 2..1024 but is 1")
                .rootCause()
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> bind(Map.of("contexture.split.slack-tokens", "16")))
                .hasStackTraceContaining("contexture.split.slack-tokens must be in 0..15");
    }

    @Test
    void dynamicBlocksEndBehindDelimiters() {
        assertThat(ends(bind(Map.of("contexture.split.mode", "dynamic")), "x".repeat(17) + "." + "x".repeat(30)))
                .containsExactly(18, 34);
    }

    @Test
    void theTableIsASettingToo() throws IOException {
        Path damaged = Files.writeString(folder.resolve("table.json"), "{}");
        assertThatThrownBy(() -> ends(bind(Map.of("contexture.split.table", damaged.toString())), "x"))
                .isInstanceOf(DelimiterFormatException.class)
                .hasMessageContaining(damaged.toString());
        Path absent = folder.resolve("absent.json");
        assertThatThrownBy(() -> ends(bind(Map.of("contexture.split.table", absent.toString())), "x"))
                .isInstanceOf(InvalidSettingException.class)
                .hasMessageContaining("contexture.split.table names " + absent);
    }

    @Test
    void aTableOfAnotherVocabularyServes() throws IOException {
        String name = "/delimiters/00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff.json";
        Path table = folder.resolve("table.json");
        try (var in = SegmentationTest.class.getResourceAsStream(name)) {
            Files.write(table, in.readAllBytes());
        }
        Map<String, String> values =
                Map.of("contexture.split.mode", "dynamic", "contexture.split.table", table.toString());
        assertThat(ends(bind(values), "x".repeat(17) + "." + "x".repeat(30))).containsExactly(18, 34);
    }
}
