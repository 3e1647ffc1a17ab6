package dev.contexture.golden;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.zip.GZIPInputStream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A golden file's numbers, read in order. */
public final class GoldenFile {
    private final String name;
    private final ByteBuffer bytes;

    private GoldenFile(String name, byte[] bytes) {
        this.name = name;
        this.bytes = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Opens {@code golden/<name>}, unpacked, behind its magic. */
    static GoldenFile open(String name, String magic) {
        try (InputStream in = new GZIPInputStream(resource(name))) {
            GoldenFile file = new GoldenFile(name, in.readAllBytes());
            byte[] found = new byte[magic.length()];
            file.bytes.get(found);
            if (!new String(found, StandardCharsets.US_ASCII).equals(magic)) {
                throw new IllegalStateException(name + " is no " + magic + " file");
            }
            return file;
        } catch (IOException e) {
            throw new UncheckedIOException(name, e);
        }
    }

    public static JsonNode json(String name) {
        try (InputStream in = resource(name)) {
            return JsonMapper.shared().readTree(in);
        } catch (IOException e) {
            throw new UncheckedIOException(name, e);
        }
    }

    private static InputStream resource(String name) {
        InputStream in = GoldenFile.class.getResourceAsStream("/golden/" + name);
        if (in == null) {
            throw new IllegalStateException("there is no golden file " + name);
        }
        return in;
    }

    int readInt() {
        return bytes.getInt();
    }

    int[] readInts(int count) {
        int[] values = new int[count];
        bytes.asIntBuffer().get(values);
        bytes.position(bytes.position() + count * Integer.BYTES);
        return values;
    }

    float[] readFloats(int count) {
        float[] values = new float[count];
        bytes.asFloatBuffer().get(values);
        bytes.position(bytes.position() + count * Float.BYTES);
        return values;
    }

    void requireEnd() {
        if (bytes.hasRemaining()) {
            throw new IllegalStateException(name + " has " + bytes.remaining() + " bytes too many");
        }
    }
}
