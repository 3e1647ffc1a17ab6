package dev.contexture.bench;

import dev.contexture.core.KvGeometry;
import dev.contexture.nativelib.BlockFormat;
import dev.contexture.nativelib.BlockPlace;
import dev.contexture.nativelib.NativeBlocks;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** A sequence's keys and values taken out of the pool block by block, as a tier would, and put back where they were. */
final class StoredContext implements AutoCloseable {
    private final NativeBlocks blocks;
    private final KvGeometry geometry;
    private final List<int[]> groups;
    private final Arena arena = Arena.ofConfined();
    private final List<BlockPlace> places = new ArrayList<>();
    private final BlockFormat format;
    private final List<MemorySegment> stored = new ArrayList<>();
    private long encodeNanos;
    private long decodeNanos;

    /**
     * Which tokens of a sequence are stored.
     *
     * @param first token, {@code last}: the one behind the last
     * @param block tokens of a block
     */
    record Span(int first, int last, int block) {}

    /**
     * @param groupOfLayer layers of a group are stored together
     * @param pages of the sequence, in logical order
     */
    StoredContext(EngineParts parts, int[] groupOfLayer, int[] pages, Span span, BlockFormat format) {
        this.blocks = parts.blocks();
        this.geometry = parts.geometry();
        this.format = format;
        this.groups = Arrays.stream(groupOfLayer)
                .distinct()
                .mapToObj(group -> IntStream.range(0, groupOfLayer.length)
                        .filter(layer -> groupOfLayer[layer] == group)
                        .toArray())
                .toList();
        for (int begin = span.first; begin < span.last; begin += span.block) {
            add(pages, begin, Math.min(span.last, begin + span.block));
        }
        for (BlockPlace place : places) {
            stored.add(arena.allocate(blocks.bytes(format, place.layers().length, place.tokens()), Long.BYTES));
        }
        encode();
    }

    private void add(int[] pages, int begin, int end) {
        int pageTokens = geometry.pageTokens();
        int firstPage = begin / pageTokens;
        int[] ofBlock = Arrays.copyOfRange(pages, firstPage, geometry.pagesFor(end));
        for (int[] layers : groups) {
            for (int head = 0; head < geometry.kvHeads(); head++) {
                places.add(new BlockPlace(layers, head, ofBlock, begin - firstPage * pageTokens, end - begin));
            }
        }
    }

    private void encode() {
        long start = System.nanoTime();
        for (int i = 0; i < places.size(); i++) {
            blocks.encode(format, places.get(i), stored.get(i));
        }
        encodeNanos += System.nanoTime() - start;
    }

    void decode() {
        long start = System.nanoTime();
        for (int i = 0; i < places.size(); i++) {
            blocks.decode(format, places.get(i), stored.get(i));
        }
        decodeNanos += System.nanoTime() - start;
    }

    List<MemorySegment> stored() {
        return stored;
    }

    /** What it took. */
    Cost cost() {
        int tokens = places.stream().mapToInt(BlockPlace::tokens).sum() / (groups.size() * geometry.kvHeads());
        return new Cost(
                tokens,
                tokens * geometry.bytesPerToken(),
                stored.stream().mapToLong(MemorySegment::byteSize).sum(),
                encodeNanos,
                decodeNanos);
    }

    /**
     * Of storing on one thread.
     *
     * @param poolBytes of the tokens in the pool
     */
    record Cost(long tokens, long poolBytes, long storedBytes, long encodeNanos, long decodeNanos) {
        static final Cost NONE = new Cost(0, 0, 0, 0, 0);

        Cost plus(Cost other) {
            return new Cost(
                    tokens + other.tokens,
                    poolBytes + other.poolBytes,
                    storedBytes + other.storedBytes,
                    encodeNanos + other.encodeNanos,
                    decodeNanos + other.decodeNanos);
        }

        double ratio() {
            return (double) storedBytes / poolBytes;
        }

        double bytesPerToken() {
            return (double) storedBytes / tokens;
        }

        double encodeGigabytesPerSecond() {
            return (double) poolBytes / encodeNanos;
        }

        double decodeGigabytesPerSecond() {
            return (double) poolBytes / decodeNanos;
        }
    }

    @Override
    public void close() {
        arena.close();
    }
}
