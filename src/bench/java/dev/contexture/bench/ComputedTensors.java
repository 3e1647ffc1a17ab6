package dev.contexture.bench;

import dev.contexture.model.arch.TensorType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import tools.jackson.databind.json.JsonMapper;

/** Writes safetensors files whose numbers are computed where they are written: by all processors, in little memory. */
final class ComputedTensors {
    private static final int PIECE_BYTES = 4 << 20;
    private static final int HEADER_ALIGNMENT = 8;

    private ComputedTensors() {}

    /** Puts some of a tensor's numbers. Called from several threads at once. */
    interface Numbers {
        void put(long first, int count, ByteBuffer to);
    }

    record Tensor(String name, TensorType type, List<Long> shape, Numbers numbers) {
        long elements() {
            return shape.stream().reduce(1L, Math::multiplyExact);
        }

        long bytes() {
            return type.bytesFor(elements());
        }
    }

    static void write(Path file, Map<String, String> metadata, List<Tensor> tensors) throws IOException {
        byte[] header = header(metadata, tensors);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            ByteBuffer begin = ByteBuffer.allocate(Long.BYTES + header.length).order(ByteOrder.LITTLE_ENDIAN);
            writeAll(channel, begin.putLong(header.length).put(header).flip(), 0);
            long offset = begin.capacity();
            List<Piece> pieces = new ArrayList<>();
            for (Tensor tensor : tensors) {
                int elementBytes = (int) tensor.type.bytesFor(1);
                int most = PIECE_BYTES / elementBytes;
                for (long first = 0; first < tensor.elements(); first += most) {
                    int count = (int) Math.min(most, tensor.elements() - first);
                    pieces.add(new Piece(tensor, first, count, offset + first * elementBytes));
                }
                offset += tensor.bytes();
            }
            Queue<ByteBuffer> buffers = new ConcurrentLinkedQueue<>();
            pieces.parallelStream().forEach(piece -> piece.write(channel, buffers));
        } catch (UncheckedIOException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    private record Piece(Tensor tensor, long first, int count, long position) {
        void write(FileChannel channel, Queue<ByteBuffer> buffers) {
            ByteBuffer kept = buffers.poll();
            ByteBuffer buffer =
                    kept != null ? kept : ByteBuffer.allocateDirect(PIECE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
            tensor.numbers.put(first, count, buffer.clear());
            try {
                writeAll(channel, buffer.flip(), position);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            buffers.add(buffer);
        }
    }

    private static void writeAll(FileChannel channel, ByteBuffer buffer, long position) throws IOException {
        long at = position;
        while (buffer.hasRemaining()) {
            at += channel.write(buffer, at);
        }
    }

    private static byte[] header(Map<String, String> metadata, List<Tensor> tensors) {
        Map<String, Object> entries = new LinkedHashMap<>();
        if (!metadata.isEmpty()) {
            entries.put("__metadata__", metadata);
        }
        long offset = 0;
        for (Tensor tensor : tensors) {
            Map<String, Object> entry = new LinkedHashMap<>();
            entry.put("dtype", tensor.type.name());
            entry.put("shape", tensor.shape);
            entry.put("data_offsets", List.of(offset, offset + tensor.bytes()));
            entries.put(tensor.name, entry);
            offset += tensor.bytes();
        }
        String json = JsonMapper.shared().writeValueAsString(entries);
        int bytes = json.getBytes(StandardCharsets.UTF_8).length;
        int padding = (HEADER_ALIGNMENT - bytes % HEADER_ALIGNMENT) % HEADER_ALIGNMENT;
        return (json + " ".repeat(padding)).getBytes(StandardCharsets.UTF_8);
    }
}
