package dev.contexture.model.safetensors;

import dev.contexture.model.ModelFormatException;
import dev.contexture.model.arch.TensorData;
import dev.contexture.model.arch.TensorType;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * One safetensors file, memory-mapped: 8 bytes of length, a JSON header, raw numbers. The header is checked against the file
 * before any of it is used. Format: huggingface/safetensors, README.
 */
public final class SafetensorsFile {
    private static final long MAX_HEADER_BYTES = 100_000_000;
    private static final int MAX_DIMENSIONS = 8;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private SafetensorsFile() {}

    /**
     * What a file holds.
     *
     * @param metadata the header's free texts, often none
     */
    public record Contents(Map<String, String> metadata, Map<String, TensorData> tensors) {
        public Contents {
            metadata = Map.copyOf(metadata);
        }
    }

    /** A tensor's place behind the header. */
    private record Place(String name, TensorType type, List<Long> shape, long begin, long end) {}

    /**
     * @param arena owns the mapping
     * @throws ModelFormatException if the file is no sound safetensors file
     */
    public static Contents read(Path path, Arena arena) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            return parse(channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena));
        } catch (ModelFormatException e) {
            throw new ModelFormatException(path + " is no usable safetensors file: " + e.getMessage(), e);
        }
    }

    private static Contents parse(MemorySegment file) {
        if (file.byteSize() < Long.BYTES) {
            throw new ModelFormatException("it has only " + file.byteSize() + " bytes");
        }
        long headerBytes = file.get(LONG, 0);
        if (headerBytes < 2 || headerBytes > MAX_HEADER_BYTES || headerBytes > file.byteSize() - Long.BYTES) {
            throw new ModelFormatException("its header is said to have " + headerBytes + " bytes, the whole file has "
                    + file.byteSize() + " and the most allowed is " + MAX_HEADER_BYTES);
        }
        byte[] header = file.asSlice(Long.BYTES, headerBytes).toArray(ValueLayout.JAVA_BYTE);
        MemorySegment data = file.asSlice(Long.BYTES + headerBytes);
        JsonNode json = header(header);
        List<Place> places = places(json, data.byteSize());
        requireNoOverlap(places);
        Map<String, TensorData> tensors = LinkedHashMap.newLinkedHashMap(places.size());
        for (Place place : places) {
            MemorySegment bytes = data.asSlice(place.begin, place.end - place.begin);
            tensors.put(place.name, new TensorData(place.name, place.type, place.shape, bytes));
        }
        return new Contents(metadata(json), tensors);
    }

    private static JsonNode header(byte[] header) {
        JsonNode json;
        try {
            json = JsonMapper.shared().readTree(new String(header, StandardCharsets.UTF_8));
        } catch (JacksonException e) {
            throw new ModelFormatException("its header is no JSON: " + e.getOriginalMessage(), e);
        }
        if (!json.isObject()) {
            throw new ModelFormatException("its header is no JSON object");
        }
        return json;
    }

    private static Map<String, String> metadata(JsonNode header) {
        Map<String, String> metadata = new LinkedHashMap<>();
        header.path("__metadata__")
                .properties()
                .forEach(entry -> metadata.put(entry.getKey(), entry.getValue().asString("")));
        return metadata;
    }

    private static List<Place> places(JsonNode json, long dataBytes) {
        List<Place> places = new ArrayList<>();
        for (Map.Entry<String, JsonNode> entry : json.properties()) {
            if (!entry.getKey().equals("__metadata__")) {
                place(entry.getKey(), entry.getValue(), dataBytes).ifPresent(places::add);
            }
        }
        return places;
    }

    /** Empty for tensors of types that no weight has, such as the bool masks that old checkpoints carry. */
    private static Optional<Place> place(String name, JsonNode entry, long dataBytes) {
        JsonNode offsets = entry.path("data_offsets");
        if (offsets.size() != 2
                || !offsets.get(0).isIntegralNumber()
                || !offsets.get(1).isIntegralNumber()) {
            throw new ModelFormatException("the tensor " + name + " has no two data_offsets");
        }
        long begin = offsets.get(0).asLong(-1);
        long end = offsets.get(1).asLong(-1);
        if (begin < 0 || end < begin || end > dataBytes) {
            throw new ModelFormatException("the tensor " + name + " lies at bytes " + begin + " to " + end
                    + ", but there are only " + dataBytes);
        }
        TensorType type;
        switch (entry.path("dtype").asString("")) {
            case "F32" -> type = TensorType.F32;
            case "F16" -> type = TensorType.F16;
            case "BF16" -> type = TensorType.BF16;
            case "I8" -> type = TensorType.I8;
            case "BOOL", "U8", "I16", "U16", "I32", "U32", "I64", "U64" -> {
                return Optional.empty();
            }
            default ->
                throw new ModelFormatException("the tensor " + name + " has the type "
                        + entry.path("dtype").asString("?") + "; supported are F32, F16 and BF16");
        }
        List<Long> shape = shape(name, entry.path("shape"));
        if (bytes(name, type, shape) != end - begin) {
            throw new ModelFormatException("the tensor " + name + " of type " + type + " and shape " + shape + " has "
                    + (end - begin) + " bytes");
        }
        return Optional.of(new Place(name, type, shape, begin, end));
    }

    private static List<Long> shape(String name, JsonNode json) {
        if (!json.isArray() || json.size() > MAX_DIMENSIONS) {
            throw new ModelFormatException(
                    "the tensor " + name + " has no shape of at most " + MAX_DIMENSIONS + " dimensions");
        }
        List<Long> shape = new ArrayList<>();
        for (JsonNode size : json) {
            if (!size.isIntegralNumber() || !size.canConvertToLong() || size.asLong() < 0) {
                throw new ModelFormatException("the tensor " + name + " has a dimension of " + size);
            }
            shape.add(size.asLong());
        }
        return shape;
    }

    private static long bytes(String name, TensorType type, List<Long> shape) {
        try {
            return type.bytesFor(shape.stream().reduce(1L, Math::multiplyExact));
        } catch (ArithmeticException | IllegalArgumentException e) {
            throw new ModelFormatException("the tensor " + name + " has the impossible shape " + shape, e);
        }
    }

    private static void requireNoOverlap(List<Place> places) {
        List<Place> sorted =
                places.stream().sorted(Comparator.comparingLong(Place::begin)).toList();
        for (int i = 1; i < sorted.size(); i++) {
            if (sorted.get(i).begin < sorted.get(i - 1).end) {
                throw new ModelFormatException(
                        "the tensors " + sorted.get(i - 1).name + " and " + sorted.get(i).name + " overlap");
            }
        }
    }
}
