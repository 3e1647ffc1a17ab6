package dev.contexture.model.graph;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.LongStream;

/**
 * The file of weights beside the graphs: written once, front to back, each tensor on a page boundary for mapping. Rows of large
 * tensors are converted by all processors.
 */
final class WeightsFile implements AutoCloseable {
    private static final int ALIGNMENT = 4096;
    private static final int BUFFER_BYTES = 1 << 20;

    /** Where a tensor lies. */
    record Extent(long offset, long bytes) {}

    /** Writes a tensor's numbers in order. */
    interface Body {
        void write(WeightsFile file) throws IOException;
    }

    /** Puts one row's numbers. Called from several threads at once. */
    interface RowBody {
        void put(long row, ByteBuffer to);
    }

    private final FileChannel channel;
    private final Queue<ByteBuffer> rowBuffers = new ConcurrentLinkedQueue<>();
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    private final Map<String, Extent> extents = new HashMap<>();
    private long written;

    WeightsFile(Path path) throws IOException {
        channel = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    }

    /** The place of the tensor of this name, written if it is not there yet: graphs of one folder share their weights. */
    Extent append(String name, Body body) throws IOException {
        Extent known = extents.get(name);
        if (known != null) {
            return known;
        }
        while (position() % ALIGNMENT != 0) {
            putByte(0);
        }
        long offset = position();
        body.write(this);
        Extent extent = new Extent(offset, position() - offset);
        extents.put(name, extent);
        return extent;
    }

    void putByte(int value) throws IOException {
        require(1);
        buffer.put((byte) value);
    }

    void putFloat(float value) throws IOException {
        require(Float.BYTES);
        buffer.putFloat(value);
    }

    void putShort(short value) throws IOException {
        require(Short.BYTES);
        buffer.putShort(value);
    }

    void putBytes(MemorySegment bytes) throws IOException {
        for (long at = 0; at < bytes.byteSize(); ) {
            require(1);
            int count = (int) Math.min(buffer.remaining(), bytes.byteSize() - at);
            buffer.put(bytes.asSlice(at, count).asByteBuffer());
            at += count;
        }
    }

    /** Rows of equal size, in order. */
    void putRows(long rows, int rowBytes, RowBody body) throws IOException {
        flush();
        long begin = written;
        int rowsAtOnce = Math.max(1, BUFFER_BYTES / rowBytes);
        try {
            LongStream.range(0, Math.ceilDiv(rows, (long) rowsAtOnce))
                    .parallel()
                    .forEach(piece -> {
                        long first = piece * rowsAtOnce;
                        writeRows(first, (int) Math.min(rowsAtOnce, rows - first), rowBytes, begin, body);
                    });
        } catch (UncheckedIOException e) {
            throw new IOException(e.getMessage(), e);
        }
        rowBuffers.clear(); // the next tensor's may be longer
        written = begin + rows * rowBytes;
        channel.position(written);
    }

    private void writeRows(long first, int count, int rowBytes, long begin, RowBody body) {
        ByteBuffer kept = rowBuffers.poll();
        ByteBuffer rows = kept != null
                ? kept
                : ByteBuffer.allocateDirect(Math.max(BUFFER_BYTES, rowBytes)).order(ByteOrder.LITTLE_ENDIAN);
        rows.clear();
        for (int row = 0; row < count; row++) {
            body.put(first + row, rows);
        }
        rows.flip();
        long to = begin + first * rowBytes;
        try {
            while (rows.hasRemaining()) {
                to += channel.write(rows, to);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        rowBuffers.add(rows);
    }

    private long position() {
        return written + buffer.position();
    }

    private void require(int bytes) throws IOException {
        if (buffer.remaining() < bytes) {
            flush();
        }
    }

    private void flush() throws IOException {
        buffer.flip();
        written += buffer.remaining();
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
        buffer.clear();
    }

    @Override
    public void close() throws IOException {
        try (channel) {
            flush();
            channel.force(true);
        }
    }
}
