package dev.contexture.bench;

import dev.contexture.model.arch.ModelConfig;
import dev.contexture.model.arch.ModelSource;
import dev.contexture.model.arch.TensorData;
import dev.contexture.model.arch.TensorDecoder;
import dev.contexture.model.arch.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.LongStream;

/**
 * A model whose matrices are quantised as it is opened, in memory: what speed depends on is the format. Each block has the scale
 * that its largest number wants, as ggml's reference makes it.
 */
final class RequantisedSource implements ModelSource {
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int BLOCK = 32;

    private final ModelSource source;
    private final Arena arena = Arena.ofShared();
    private final Map<String, TensorData> tensors = new LinkedHashMap<>();

    /**
     * @param source closed with this
     * @param type Q4_0 or Q8_0
     */
    RequantisedSource(ModelSource source, TensorType type) {
        if (type != TensorType.Q4_0 && type != TensorType.Q8_0) {
            throw new IllegalArgumentException("weights are quantised to Q4_0 or Q8_0, not " + type);
        }
        this.source = source;
        source.tensors()
                .forEach((name, tensor) -> tensors.put(
                        name,
                        tensor.shape().size() == 2 && tensor.shape().get(1) % BLOCK == 0
                                ? quantised(tensor, type)
                                : tensor));
    }

    private TensorData quantised(TensorData tensor, TensorType type) {
        MemorySegment blocks = arena.allocate(type.bytesFor(tensor.elements()));
        long columns = tensor.shape().get(1);
        LongStream.range(0, tensor.shape().getFirst()).parallel().forEach(row -> {
            float[] values = new float[Math.toIntExact(columns)];
            TensorDecoder.decode(tensor, row * columns, values);
            for (int first = 0; first < columns; first += BLOCK) {
                long at = (row * columns + first) / BLOCK * type.blockBytes();
                if (type == TensorType.Q4_0) {
                    putFourBits(values, first, blocks, at);
                } else {
                    putEightBits(values, first, blocks, at);
                }
            }
        });
        return new TensorData(tensor.name(), type, tensor.shape(), blocks);
    }

    private static void putFourBits(float[] values, int first, MemorySegment blocks, long at) {
        float extreme = 0;
        for (int i = first; i < first + BLOCK; i++) {
            extreme = Math.abs(values[i]) > Math.abs(extreme) ? values[i] : extreme;
        }
        short half = Float.floatToFloat16(extreme / -8);
        float scale = Float.float16ToFloat(half);
        blocks.set(SHORT, at, half);
        for (int i = 0; i < BLOCK / 2; i++) {
            int low = code(values[first + i], scale, 8, 15);
            int high = code(values[first + BLOCK / 2 + i], scale, 8, 15);
            blocks.set(ValueLayout.JAVA_BYTE, at + Short.BYTES + i, (byte) (low | high << 4));
        }
    }

    private static void putEightBits(float[] values, int first, MemorySegment blocks, long at) {
        float largest = 0;
        for (int i = first; i < first + BLOCK; i++) {
            largest = Math.max(largest, Math.abs(values[i]));
        }
        short half = Float.floatToFloat16(largest / 127);
        float scale = Float.float16ToFloat(half);
        blocks.set(SHORT, at, half);
        for (int i = 0; i < BLOCK; i++) {
            int code = code(values[first + i], scale, 128, 255) - 128;
            blocks.set(ValueLayout.JAVA_BYTE, at + Short.BYTES + i, (byte) code);
        }
    }

    private static int code(float value, float scale, int zero, int most) {
        return scale == 0 ? zero : Math.clamp(Math.round(value / scale) + zero, 0, most);
    }

    @Override
    public ModelConfig config() {
        return source.config();
    }

    @Override
    public Map<String, TensorData> tensors() {
        return tensors;
    }

    @Override
    public RowOrder rowOrder() {
        return source.rowOrder();
    }

    @Override
    public TokenizerDefinition tokenizer() {
        return source.tokenizer();
    }

    @Override
    public Optional<String> chatTemplate() {
        return source.chatTemplate();
    }

    @Override
    public void close() {
        arena.close();
        source.close();
    }
}
