package dev.contexture.kv;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * One sequence's semantic blocks as far as they are certain: where each ends and what names its contents.
 * {@link KvCache#cut} makes it, lookups only read it, and {@link KvCache#admit} takes it over.
 */
public final class SequenceBlocks {
    private final BlockCutter cutter;
    private final List<PrefixKey> keys = new ArrayList<>();
    private final PrefixKey root;
    private int[] ends = new int[16];
    /** Tokens behind the last certain end. */
    private int[] open = new int[64];

    private int openCount;
    private int accepted;

    SequenceBlocks(BlockCutter cutter, String salt) {
        this.cutter = cutter;
        this.root = PrefixKey.root(salt);
    }

    /** Takes the sequence's next tokens. */
    void accept(int[] tokens, int from, int to) {
        int count = to - from;
        if (openCount + count > open.length) {
            open = Arrays.copyOf(open, Math.max(2 * open.length, openCount + count));
        }
        System.arraycopy(tokens, from, open, openCount, count);
        openCount += count;
        accepted += count;
        int base = accepted - openCount;
        int[] taken = {0};
        cutter.accept(tokens, from, to, end -> {
            int length = end - base - taken[0];
            if (length <= 0 || end > accepted) {
                throw new IllegalStateException(
                        "the cutter ends a block of " + length + " tokens at " + end + " of " + accepted);
            }
            add(end, lastKey().next(open, taken[0], taken[0] + length));
            taken[0] += length;
        });
        openCount -= taken[0];
        System.arraycopy(open, taken[0], open, 0, openCount);
    }

    private PrefixKey lastKey() {
        return keys.isEmpty() ? root : keys.getLast();
    }

    private void add(int end, PrefixKey key) {
        if (keys.size() == ends.length) {
            ends = Arrays.copyOf(ends, 2 * ends.length);
        }
        ends[keys.size()] = end;
        keys.add(key);
    }

    /** Tokens taken so far. */
    int accepted() {
        return accepted;
    }

    int count() {
        return keys.size();
    }

    int begin(int block) {
        return block == 0 ? 0 : ends[block - 1];
    }

    /** The position behind the block's last token. */
    int end(int block) {
        return ends[block];
    }

    PrefixKey key(int block) {
        return keys.get(block);
    }

    BlockSpan span(int block) {
        return new BlockSpan(key(block), begin(block), end(block));
    }

    /** The blocks that begin at {@code position} or behind it. */
    public List<BlockSpan> from(int position) {
        List<BlockSpan> spans = new ArrayList<>();
        for (int i = 0; i < count(); i++) {
            if (begin(i) >= position) {
                spans.add(span(i));
            }
        }
        return spans;
    }

    int[] ends() {
        return Arrays.copyOf(ends, keys.size());
    }
}
