package dev.contexture.testing;

import dev.contexture.kv.BlockLocation;
import dev.contexture.kv.tier.BlockCoder;
import dev.contexture.kv.tier.BlockPart;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Optional;

/** Blocks of a {@link FakeKvPool} as bytes: the token ids. Its parts together are the block, each alone is not. */
public final class FakeBlockCoder implements BlockCoder {
    public static final int MOST_BYTES = 256 * Integer.BYTES;

    private static final BlockPart.Rows EVEN = new BlockPart.Rows(0, 0);
    private static final BlockPart.Rows ODD = new BlockPart.Rows(0, 1);

    private final FakeKvPool pool;

    public FakeBlockCoder(FakeKvPool pool) {
        this.pool = pool;
    }

    @Override
    public List<BlockPart.Rows> rows() {
        return List.of(EVEN, ODD);
    }

    @Override
    public Optional<BlockPart> index() {
        return Optional.empty();
    }

    @Override
    public int bytes(BlockPart part, int tokens) {
        return (part.equals(EVEN) ? (tokens + 1) / 2 : tokens / 2) * Integer.BYTES;
    }

    @Override
    public void encode(BlockLocation block, BlockPart part, MemorySegment target) {
        for (int i = part.equals(EVEN) ? 0 : 1; i < block.tokens(); i += 2) {
            target.setAtIndex(ValueLayout.JAVA_INT_UNALIGNED, i / 2, pool.token(block, i));
        }
    }

    @Override
    public void decode(BlockLocation block, BlockPart part, MemorySegment source) {
        for (int i = part.equals(EVEN) ? 0 : 1; i < block.tokens(); i += 2) {
            pool.setToken(block, i, source.getAtIndex(ValueLayout.JAVA_INT_UNALIGNED, i / 2));
        }
    }
}
