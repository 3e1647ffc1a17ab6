package dev.contexture.model.gguf;

import dev.contexture.model.ModelFormatException;
import dev.contexture.model.arch.TensorData;
import dev.contexture.model.arch.TensorType;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A GGUF file (versions 2 and 3, little-endian), memory-mapped. Everything that the header says is checked against the
 * file before any of it is used. Format: ggml-org/ggml, docs/gguf.md.
 */
final class GgufFile implements AutoCloseable {
    private static final int MAGIC = 0x46554747;
    private static final int MAX_DIMENSIONS = 4;
    private static final long MAX_ALIGNMENT = 1 << 16;
    /** Metadata entries and tensors take at least this many bytes each. */
    private static final long LEAST_ENTRY_BYTES = 12;

    private final Arena arena;
    private final Map<String, Object> metadata;
    private final Map<String, TensorData> tensors;

    private GgufFile(Arena arena, Map<String, Object> metadata, Map<String, TensorData> tensors) {
        this.arena = arena;
        this.metadata = Collections.unmodifiableMap(metadata);
        this.tensors = Collections.unmodifiableMap(tensors);
    }

    /**
     * @throws ModelFormatException if the file is no sound GGUF file
     */
    @SuppressWarnings("MustBeClosedChecker") // the file owns the arena
    static GgufFile open(Path path) throws IOException {
        Arena arena = Arena.ofShared();
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            return parse(channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena), arena);
        } catch (ModelFormatException e) {
            arena.close();
            throw new ModelFormatException(path + " is no usable GGUF file: " + e.getMessage(), e);
        } catch (IOException | RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    private static GgufFile parse(MemorySegment file, Arena arena) {
        GgufReader reader = new GgufReader(file);
        int magic = reader.readInt("magic number");
        if (magic != MAGIC) {
            throw new ModelFormatException("it does not begin with the letters GGUF");
        }
        int version = reader.readInt("version");
        if (version != 2 && version != 3) {
            throw new ModelFormatException(
                    "version " + version + " is not supported, only 2 and 3 (little-endian) are");
        }
        int tensorCount = reader.readCount("number of tensors", LEAST_ENTRY_BYTES);
        int metadataCount = reader.readCount("number of metadata entries", LEAST_ENTRY_BYTES);
        Map<String, Object> metadata = readMetadata(reader, metadataCount);
        List<TensorInfo> infos = readTensorInfos(reader, tensorCount);
        long alignment = alignment(metadata);
        long dataStart = Math.ceilDiv(reader.position(), alignment) * alignment;
        return new GgufFile(arena, metadata, sliceTensors(file, infos, dataStart, alignment));
    }

    private static Map<String, Object> readMetadata(GgufReader reader, int count) {
        Map<String, Object> metadata = LinkedHashMap.newLinkedHashMap(count);
        for (int i = 0; i < count; i++) {
            String key = reader.readString("name of metadata entry " + i);
            Object value = reader.readValue(key, reader.readInt("type of " + key), 0);
            if (metadata.put(key, value) != null) {
                throw new ModelFormatException("the metadata entry " + key + " occurs twice");
            }
        }
        return metadata;
    }

    private record TensorInfo(String name, TensorType type, List<Long> shape, long offset, long bytes) {}

    private static List<TensorInfo> readTensorInfos(GgufReader reader, int count) {
        List<TensorInfo> infos = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            String name = reader.readString("name of tensor " + i);
            int dimensions = reader.readInt("number of dimensions of " + name);
            if (dimensions < 1 || dimensions > MAX_DIMENSIONS) {
                throw new ModelFormatException("tensor " + name + " has " + dimensions + " dimensions, 1 to "
                        + MAX_DIMENSIONS + " are possible");
            }
            List<Long> shape = new ArrayList<>();
            long elements = 1;
            for (int d = 0; d < dimensions; d++) {
                long size = reader.readLong("shape of " + name);
                if (size <= 0 || size > Long.MAX_VALUE / elements) {
                    throw new ModelFormatException("tensor " + name + " has the impossible dimension " + size);
                }
                elements *= size;
                shape.addFirst(size); // the file counts the fastest dimension first
            }
            TensorType type = tensorType(reader.readInt("type of " + name), name);
            if (shape.getLast() % type.blockElements() != 0) {
                throw new ModelFormatException("rows of tensor " + name + " have " + shape.getLast()
                        + " numbers, which is no multiple of the block of " + type + " (" + type.blockElements() + ")");
            }
            infos.add(new TensorInfo(
                    name, type, shape, reader.readLong("offset of " + name), bytesFor(type, elements, name)));
        }
        return infos;
    }

    private static long bytesFor(TensorType type, long elements, String name) {
        try {
            return type.bytesFor(elements);
        } catch (ArithmeticException e) {
            throw new ModelFormatException("tensor " + name + " is larger than any file", e);
        }
    }

    private static TensorType tensorType(int code, String name) {
        return switch (code) {
            case 0 -> TensorType.F32;
            case 1 -> TensorType.F16;
            case 2 -> TensorType.Q4_0;
            case 3 -> TensorType.Q4_1;
            case 6 -> TensorType.Q5_0;
            case 7 -> TensorType.Q5_1;
            case 8 -> TensorType.Q8_0;
            case 12 -> TensorType.Q4_K;
            case 13 -> TensorType.Q5_K;
            case 14 -> TensorType.Q6_K;
            case 30 -> TensorType.BF16;
            default ->
                throw new ModelFormatException("tensor " + name + " has the ggml type " + code
                        + ", which is not supported; supported are F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K,"
                        + " Q5_K and Q6_K");
        };
    }

    private static long alignment(Map<String, Object> metadata) {
        Object value = metadata.getOrDefault("general.alignment", 32L);
        if (!(value instanceof Long alignment)
                || alignment < 8
                || alignment > MAX_ALIGNMENT
                || Long.bitCount(alignment) != 1) {
            throw new ModelFormatException(
                    "general.alignment is " + value + ", which is no power of two from 8 to " + MAX_ALIGNMENT);
        }
        return alignment;
    }

    private static Map<String, TensorData> sliceTensors(
            MemorySegment file, List<TensorInfo> infos, long dataStart, long alignment) {
        Map<String, TensorData> tensors = LinkedHashMap.newLinkedHashMap(infos.size());
        long room = Math.max(0, file.byteSize() - dataStart);
        for (TensorInfo info : infos) {
            if (info.offset < 0 || info.offset % alignment != 0) {
                throw new ModelFormatException("tensor " + info.name + " lies at offset " + info.offset
                        + ", which is no multiple of " + alignment);
            }
            if (info.offset > room || info.bytes > room - info.offset) {
                throw new ModelFormatException("tensor " + info.name + " needs " + info.bytes + " bytes at offset "
                        + info.offset + " but the file has only " + room + " bytes of weights: it is truncated");
            }
            MemorySegment data = file.asSlice(dataStart + info.offset, info.bytes);
            if (tensors.put(info.name, new TensorData(info.name, info.type, info.shape, data)) != null) {
                throw new ModelFormatException("the tensor " + info.name + " occurs twice");
            }
        }
        List<TensorInfo> sorted = infos.stream()
                .sorted(Comparator.comparingLong(TensorInfo::offset))
                .toList();
        for (int i = 1; i < sorted.size(); i++) {
            TensorInfo before = sorted.get(i - 1);
            if (before.offset + before.bytes > sorted.get(i).offset) {
                throw new ModelFormatException(
                        "the tensors " + before.name + " and " + sorted.get(i).name + " overlap");
            }
        }
        return tensors;
    }

    Map<String, TensorData> tensors() {
        return tensors;
    }

    boolean has(String key) {
        return metadata.containsKey(key);
    }

    Optional<String> string(String key) {
        return value(key, String.class, "a text");
    }

    Optional<Long> integer(String key) {
        return value(key, Long.class, "a whole number");
    }

    Optional<Double> number(String key) {
        Object value = metadata.get(key);
        return value instanceof Long whole ? Optional.of((double) whole) : value(key, Double.class, "a number");
    }

    Optional<Boolean> flag(String key) {
        return value(key, Boolean.class, "true or false");
    }

    /** A list whose elements are all of one class; empty when the key is missing. */
    <T> List<T> list(String key, Class<T> elementType) {
        Optional<List<?>> found = value(key, List.class, "a list").map(list -> (List<?>) list);
        if (found.isEmpty()) {
            return List.of();
        }
        for (Object element : found.get()) {
            if (!elementType.isInstance(element)) {
                throw new ModelFormatException(key + " must be a list of " + elementType.getSimpleName() + " but holds "
                        + element.getClass().getSimpleName());
            }
        }
        return found.get().stream().map(elementType::cast).toList();
    }

    private <T> Optional<T> value(String key, Class<T> type, String kind) {
        Object value = metadata.get(key);
        if (value == null) {
            return Optional.empty();
        }
        if (!type.isInstance(value)) {
            throw new ModelFormatException("the metadata entry " + key + " must be " + kind + " but is " + value);
        }
        return Optional.of(type.cast(value));
    }

    @Override
    public void close() {
        arena.close();
    }
}
