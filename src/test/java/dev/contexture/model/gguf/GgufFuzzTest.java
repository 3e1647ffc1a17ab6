package dev.contexture.model.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.contexture.model.ModelFormatException;
import dev.contexture.model.arch.TensorData;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Damaged files: either they can be read to the last byte, or the error says what is wrong. */
class GgufFuzzTest {
    private static final Path GOLDEN = Path.of("src", "test", "resources", "golden", "gguf");
    private static final int MUTATIONS = 400;

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({"llama-q4_1, 1", "llama-q5_0-v2, 2", "qwen3-q4_1, 3", "llama-spm-q8_0, 4", "llama-f16-rope-freqs, 5"})
    void damagedHeaders(String name, long seed) throws IOException {
        byte[] good = Files.readAllBytes(GOLDEN.resolve(name + ".gguf"));
        Random random = new Random(seed);
        Path file = folder.resolve("damaged.gguf");
        int refused = 0;
        for (int i = 0; i < MUTATIONS; i++) {
            Files.write(file, damaged(good.clone(), random));
            try (GgufModelSource source = GgufModelSource.open(file)) {
                readEverything(source);
            } catch (ModelFormatException e) {
                refused++;
                assertThat(e.getMessage()).contains(file.toString());
            }
        }
        assertThat(refused).isGreaterThan(MUTATIONS / 10);
    }

    private static byte[] damaged(byte[] bytes, Random random) {
        int head = Math.min(bytes.length, 12_000);
        switch (random.nextInt(5)) {
            case 0 -> {
                return Arrays.copyOf(bytes, random.nextInt(bytes.length));
            }
            case 1 -> bytes[random.nextInt(32)] = (byte) random.nextInt(256);
            case 2 -> {
                for (int i = 0; i < 4; i++) {
                    bytes[random.nextInt(head)] = (byte) random.nextInt(256);
                }
            }
            case 3 -> putLong(bytes, random.nextInt(head - 8), random.nextLong());
            default -> putLong(bytes, random.nextInt(head - 8), 1L << random.nextInt(63));
        }
        return bytes;
    }

    private static void putLong(byte[] bytes, int at, long value) {
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(at, value);
    }

    private static void readEverything(GgufModelSource source) {
        long sum = 0;
        for (TensorData tensor : source.tensors().values()) {
            if (tensor.data().byteSize() > 0) {
                sum += tensor.data().get(ValueLayout.JAVA_BYTE, tensor.data().byteSize() - 1);
            }
        }
        assertThat(sum).isBetween(Long.MIN_VALUE, Long.MAX_VALUE);
        assertThat(source.tokenizer().json()).isNotBlank();
    }

    @Test
    void absurdHeadersAreNamed() throws IOException {
        byte[] good = Files.readAllBytes(GOLDEN.resolve("llama-q4_1.gguf"));
        assertRefused(new byte[0], "");
        assertRefused("GGML".getBytes(java.nio.charset.StandardCharsets.US_ASCII), "");
        byte[] magic = good.clone();
        magic[0] = 'X';
        assertRefused(magic, "letters GGUF");
        byte[] version = good.clone();
        version[4] = 9;
        assertRefused(version, "version");
        byte[] tensors = good.clone();
        putLong(tensors, 8, Long.MAX_VALUE);
        assertRefused(tensors, "tensors");
        byte[] entries = good.clone();
        putLong(entries, 16, 1L << 40);
        assertRefused(entries, "entries");
        assertRefused(Arrays.copyOf(good, good.length - 100), "");
    }

    private void assertRefused(byte[] bytes, String words) throws IOException {
        Path file = folder.resolve("absurd.gguf");
        Files.write(file, bytes);
        assertThatThrownBy(() -> GgufModelSource.open(file))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining(words);
    }
}
