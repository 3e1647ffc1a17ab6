package dev.contexture.kv.tier;

import dev.contexture.core.KvGeometry;
import dev.contexture.kv.BlockLocation;
import dev.contexture.nativelib.BlockFormat;
import dev.contexture.nativelib.BlockPlace;
import dev.contexture.nativelib.NativeBlocks;
import dev.contexture.nativelib.NativeException;
import dev.contexture.nativelib.NativeIndexBlocks;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** Blocks of the native library's pools: rows in one of its formats, the retrieval head's keys as they are. */
public final class NativeBlockCoder implements BlockCoder {
    /** Beyond the library's formats. */
    private static final int INDEX_CODEC = 100;

    private static final int CARRY_CODEC = 101;

    private final NativeBlocks blocks;
    private final KvGeometry geometry;
    private final Optional<NativeIndexBlocks> index;
    private final BlockFormat format;
    private final int carriedNumbers;
    /** [group]: its layers. */
    private final List<int[]> layers = new ArrayList<>();

    private final List<BlockPart.Rows> rows = new ArrayList<>();

    /**
     * @param index of the retrieval head; empty where there is none
     * @param groupOfLayer the layer group of each of the model's layers; groups are numbered from 0
     * @param geometry of the KV pool
     * @param carriedNumbers what the retriever carries from one token to the next; 0 where there is no head
     */
    public NativeBlockCoder(
            NativeBlocks blocks,
            Optional<NativeIndexBlocks> index,
            BlockFormat format,
            int[] groupOfLayer,
            KvGeometry geometry,
            int carriedNumbers) {
        this.blocks = blocks;
        this.geometry = geometry;
        this.index = index;
        this.format = format;
        this.carriedNumbers = carriedNumbers;
        int groups = 1 + IntStream.of(groupOfLayer).max().orElseThrow();
        for (int group = 0; group < groups; group++) {
            int number = group;
            layers.add(IntStream.range(0, groupOfLayer.length)
                    .filter(layer -> groupOfLayer[layer] == number)
                    .toArray());
            for (int head = 0; head < geometry.kvHeads(); head++) {
                rows.add(new BlockPart.Rows(group, head));
            }
        }
    }

    @Override
    public List<BlockPart.Rows> rows() {
        return List.copyOf(rows);
    }

    @Override
    public Optional<BlockPart> index() {
        return index.map(present -> BlockPart.INDEX);
    }

    @Override
    public int bytes(BlockPart part, int tokens) {
        return Math.toIntExact(
                switch (part) {
                    case BlockPart.Rows of -> blocks.bytes(format, layers.get(of.layerGroup()).length, tokens);
                    case BlockPart.Index any -> keys().bytes(tokens);
                    case BlockPart.Carry any -> (long) carriedNumbers * Float.BYTES;
                });
    }

    @Override
    public BlockForm form(BlockPart part, int tokens) {
        return switch (part) {
            case BlockPart.Rows of ->
                new BlockForm(format.ordinal(), layers.get(of.layerGroup()).length, geometry.headDim(), tokens);
            // Their bytes say the rest: the lists and the numbers of a key.
            case BlockPart.Index any -> new BlockForm(INDEX_CODEC, 1, Math.toIntExact(keys().bytes(1)), tokens);
            case BlockPart.Carry any -> new BlockForm(CARRY_CODEC, 1, carriedNumbers, tokens);
        };
    }

    private NativeIndexBlocks keys() {
        return index.orElseThrow(
                () -> new IllegalArgumentException("there is no retrieval head whose keys could be stored"));
    }

    @Override
    public void encode(BlockLocation block, BlockPart part, MemorySegment target) {
        try {
            switch (part) {
                case BlockPart.Rows of -> blocks.encode(format, place(block, of), target);
                case BlockPart.Index any -> keys().read(block.pages(), block.first(), block.tokens(), target);
                case BlockPart.Carry any -> throw new IllegalArgumentException("what is carried is not in a pool");
            }
        } catch (NativeException e) {
            throw new BlockMoveException("a block could not be read from its pool: " + e.getMessage(), e);
        }
    }

    @Override
    public void decode(BlockLocation block, BlockPart part, MemorySegment source) {
        try {
            switch (part) {
                case BlockPart.Rows of -> blocks.decode(format, place(block, of), source);
                case BlockPart.Index any -> keys().write(block.pages(), block.first(), block.tokens(), source);
                case BlockPart.Carry any -> throw new IllegalArgumentException("what is carried is not in a pool");
            }
        } catch (NativeException e) {
            throw new BlockMoveException("a block could not be written to its pool: " + e.getMessage(), e);
        }
    }

    private BlockPlace place(BlockLocation block, BlockPart.Rows part) {
        return new BlockPlace(
                layers.get(part.layerGroup()), part.kvHead(), block.pages(), block.first(), block.tokens());
    }
}
