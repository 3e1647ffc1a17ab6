package dev.contexture.testing;

import dev.contexture.kv.BlockLocation;
import dev.contexture.kv.tier.BlockCoder;
import dev.contexture.kv.tier.BlockForm;
import dev.contexture.kv.tier.BlockPart;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Optional;

/**
 * Blocks of a {@link FakeKvPool} as bytes: the token ids. KV head 0 has those at even positions, KV head 1 the others, so that each
 * part alone is not the block.
 */
public final class FakeBlockCoder implements BlockCoder {
    public static final int MOST_BYTES = 256 * Integer.BYTES;

    private static final List<BlockPart.Rows> ROWS = List.of(new BlockPart.Rows(0, 0), new BlockPart.Rows(0, 1));

    private final FakeKvPool pool;
    private final Optional<FakeHead> head;

    /**
     * @param head whose keys are the blocks' index
     */
    public FakeBlockCoder(FakeKvPool pool, Optional<FakeHead> head) {
        this.pool = pool;
        this.head = head;
    }

    @Override
    public List<BlockPart.Rows> rows() {
        return ROWS;
    }

    @Override
    public Optional<BlockPart> index() {
        return head.map(present -> BlockPart.INDEX);
    }

    @Override
    public int bytes(BlockPart part, int tokens) {
        return (part.equals(BlockPart.CARRY) ? FakeHead.FEATURES : tokens) * Integer.BYTES;
    }

    @Override
    public BlockForm form(BlockPart part, int tokens) {
        return new BlockForm(0, 1, 1, tokens);
    }

    /** The KV head that a token of the block belongs to. */
    private static boolean isOf(BlockPart part, BlockLocation block, int index) {
        return !(part instanceof BlockPart.Rows rows) || (block.first() + index) % 2 == rows.kvHead();
    }

    @Override
    public void encode(BlockLocation block, BlockPart part, MemorySegment target) {
        for (int i = 0; i < block.tokens(); i++) {
            int token = part instanceof BlockPart.Rows
                    ? pool.token(block, i)
                    : head.orElseThrow().key(pool.slotOf(block, i));
            target.setAtIndex(ValueLayout.JAVA_INT_UNALIGNED, i, isOf(part, block, i) ? token : 0);
        }
    }

    @Override
    public void decode(BlockLocation block, BlockPart part, MemorySegment source) {
        for (int i = 0; i < block.tokens(); i++) {
            int token = source.getAtIndex(ValueLayout.JAVA_INT_UNALIGNED, i);
            if (!(part instanceof BlockPart.Rows)) {
                head.orElseThrow().setKey(pool.slotOf(block, i), token);
            } else if (isOf(part, block, i)) {
                pool.setToken(block, i, token);
            }
        }
    }
}
