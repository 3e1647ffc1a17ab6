package dev.contexture.model.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.contexture.model.ModelFormatException;
import dev.contexture.model.arch.TensorData;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Damaged folders: either they can be read to the last byte, or the error says what is wrong. */
class SafetensorsFuzzTest {
    private static final Path GOOD = Path.of("src", "test", "resources", "golden", "tiny", "qwen3");
    private static final int MUTATIONS = 300;

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void damagedHeadersAndJson(long seed) throws IOException {
        Random random = new Random(seed);
        int refused = 0;
        for (int i = 0; i < MUTATIONS; i++) {
            copy();
            Path victim = pick(random);
            Files.write(victim, damaged(Files.readAllBytes(victim), random));
            try (SafetensorsModelSource source = SafetensorsModelSource.open(folder)) {
                readEverything(source);
            } catch (ModelFormatException e) {
                refused++;
                assertThat(e.getMessage()).contains(folder.toString());
            }
        }
        assertThat(refused).isGreaterThan(MUTATIONS / 4);
    }

    private void copy() throws IOException {
        try (Stream<Path> files = Files.list(GOOD)) {
            for (Path file : files.toList()) {
                Files.copy(file, folder.resolve(file.getFileName()), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }

    private Path pick(Random random) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            var candidates = files.filter(file -> !file.toString().endsWith(".gz"))
                    .filter(file -> !file.toString().endsWith("tokenizer.json"))
                    .sorted()
                    .toList();
            return candidates.get(random.nextInt(candidates.size()));
        }
    }

    private static byte[] damaged(byte[] bytes, Random random) {
        int head = Math.min(bytes.length, 2000);
        return switch (random.nextInt(4)) {
            case 0 -> java.util.Arrays.copyOf(bytes, random.nextInt(bytes.length));
            case 1 -> {
                bytes[random.nextInt(8)] = (byte) random.nextInt(256);
                yield bytes;
            }
            case 2 -> {
                for (int i = 0; i < 3; i++) {
                    bytes[random.nextInt(head)] = (byte) (32 + random.nextInt(95));
                }
                yield bytes;
            }
            default -> {
                // A digit of an offset, a shape or a size.
                int at = random.nextInt(head);
                while (at < head - 1 && !Character.isDigit(bytes[at])) {
                    at++;
                }
                bytes[at] = (byte) ('0' + random.nextInt(10));
                yield bytes;
            }
        };
    }

    private static void readEverything(SafetensorsModelSource source) {
        long sum = 0;
        for (TensorData tensor : source.tensors().values()) {
            if (tensor.data().byteSize() > 0) {
                sum += tensor.data().get(ValueLayout.JAVA_BYTE, tensor.data().byteSize() - 1);
            }
        }
        assertThat(sum).isBetween(Long.MIN_VALUE, Long.MAX_VALUE);
        source.chatTemplate();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '#',
            quoteCharacter = '`',
            value = {
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}} # overlap",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,80]}} # there are only 16",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}} # has 8 bytes",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,8]}} # impossible shape",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}} # dimension of -2",
                "{\"a\":{\"dtype\":\"F8_E4M3\",\"shape\":[8],\"data_offsets\":[0,8]}} # supported are F32",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}} # lies at bytes",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}} # no two data_offsets",
                "[1] # no JSON object",
                "{\"a\" # is no JSON",
            })
    void eachFaultHasItsOwnWords(String header, String words) throws IOException {
        copy();
        write(folder.resolve("model-00001-of-00004.safetensors"), header, header.length());
        assertThatThrownBy(() -> SafetensorsModelSource.open(folder))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining(words);
    }

    @Test
    void aHeaderLongerThanTheFile() throws IOException {
        copy();
        write(folder.resolve("model-00001-of-00004.safetensors"), "{}", 1L << 60);
        assertThatThrownBy(() -> SafetensorsModelSource.open(folder)).hasMessageContaining("the whole file has");
    }

    private static void write(Path file, String header, long headerBytes) throws IOException {
        byte[] text = header.getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(8 + text.length + 16).order(ByteOrder.LITTLE_ENDIAN);
        Files.write(file, bytes.putLong(headerBytes).put(text).array());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '#',
            quoteCharacter = '`',
            value = {
                "\"model_type\": \"qwen3\" # \"model_type\": \"gpt2\" # model type 'gpt2' is not supported",
                "\"hidden_act\": \"silu\" # \"hidden_act\": \"gelu\" # activation gelu",
                "\"num_hidden_layers\": # \"layers\": # num_hidden_layers must be a whole number but is missing",
                "\"hidden_size\": 64 # \"hidden_size\": \"x\" # hidden_size must be a whole number",
            })
    void configurationsThatAreNotComputed(String right, String wrong, String words) throws IOException {
        copy();
        Path config = folder.resolve("config.json");
        String text = Files.readString(config);
        assertThat(text).contains(right);
        Files.writeString(config, text.replace(right, wrong));
        assertThatThrownBy(() -> SafetensorsModelSource.open(folder))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining(words);
    }

    @Test
    void aMissingShardIsNamed() throws IOException {
        copy();
        Files.delete(folder.resolve("model-00002-of-00004.safetensors"));
        assertThatThrownBy(() -> SafetensorsModelSource.open(folder))
                .hasMessageContaining("model-00002-of-00004.safetensors, which is not there");
    }
}
