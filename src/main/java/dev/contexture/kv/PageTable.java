package dev.contexture.kv;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * One sequence's logical pages and blocks. Of its tokens, {@code [0, committed)} are in the pool; pages behind them are
 * reserved by the step that runs. Its first {@code known} blocks have been given to the prefix cache.
 */
final class PageTable {
    private static final int ALL = Integer.MAX_VALUE;

    private final int pageTokens;
    private final SequenceBlocks blocks;
    private int[] pages = new int[16];
    private int pageCount;
    private int committed;
    private int known;
    /** Blocks that end behind so many tokens hold approximate keys and values. */
    private int exactTokens = ALL;
    /** Blocks that end behind so many tokens lack something that others would rely on. */
    private int completeTokens = ALL;
    /** Blocks in {@code [partialBegin, partialEnd)} may lack keys and values. */
    private int partialBegin;

    private int partialEnd;

    PageTable(int pageTokens, SequenceBlocks blocks) {
        this.pageTokens = pageTokens;
        this.blocks = blocks;
    }

    int committed() {
        return committed;
    }

    int pageCount() {
        return pageCount;
    }

    int[] pages() {
        return Arrays.copyOf(pages, pageCount);
    }

    void copyPages(int[] target, int offset) {
        System.arraycopy(pages, 0, target, offset, pageCount);
    }

    SequenceBlocks blocks() {
        return blocks;
    }

    List<KnownBlock> knownBlocks() {
        List<KnownBlock> all = new ArrayList<>(known);
        for (int i = 0; i < known; i++) {
            if (!isPartial(i)) {
                all.add(new KnownBlock(blocks.span(i), blocks.end(i) <= exactTokens));
            }
        }
        return all;
    }

    int missingPages(int newTokens) {
        return Math.max(0, Math.ceilDiv(committed + newTokens, pageTokens) - pageCount);
    }

    void append(int page) {
        if (pageCount == pages.length) {
            pages = Arrays.copyOf(pages, 2 * pages.length);
        }
        pages[pageCount++] = page;
    }

    /** Takes the last page off again. */
    int removeLast() {
        return pages[--pageCount];
    }

    /** The pages appended so far hold the first {@code tokens} tokens, of which those from {@code exact} on are approximate. */
    void attach(int tokens, int exact) {
        committed = tokens;
        exactTokens = exact < tokens ? exact : ALL;
    }

    /** What is computed from now on follows from attending to a selection. */
    void becomeApproximate() {
        exactTokens = Math.min(exactTokens, committed);
    }

    /** The tokens from {@code position} on were computed so, whenever they are committed. */
    void approximateFrom(int position) {
        exactTokens = Math.min(exactTokens, position);
    }

    /** From the token at {@code position} on something is missing, or nothing if that is behind the last. */
    void completeUpTo(int position) {
        completeTokens = position;
    }

    /** Tokens of the prompt were cut when the sequence was admitted; the others are cut now. */
    void commit(int[] tokens, PagePool pool) {
        int cut = Math.clamp(blocks.accepted() - (long) committed, 0, tokens.length);
        blocks.accept(tokens, cut, tokens.length);
        committed += tokens.length;
        while (known < blocks.count() && blocks.end(known) <= Math.min(committed, completeTokens)) {
            if (!isPartial(known)) {
                remember(known, pool);
            }
            known++;
        }
    }

    private void remember(int block, PagePool pool) {
        int first = blocks.begin(block) / pageTokens;
        int last = (blocks.end(block) - 1) / pageTokens;
        pool.remember(new PagePool.Block(
                blocks.key(block),
                first,
                Arrays.copyOfRange(pages, first, last + 1),
                blocks.end(block) <= exactTokens));
    }

    private boolean isPartial(int block) {
        return blocks.begin(block) < partialEnd && blocks.end(block) > partialBegin;
    }

    /** Blocks of these tokens are not for others until {@link #endPartial}. */
    void beginPartial(int begin, int end) {
        partialBegin = begin;
        partialEnd = end;
    }

    void endPartial(PagePool pool) {
        int begin = partialBegin;
        int end = partialEnd;
        beginPartial(0, 0);
        for (int i = 0; i < known; i++) {
            if (blocks.begin(i) < end && blocks.end(i) > begin) {
                remember(i, pool);
            }
        }
    }

    /** Where a block's tokens lie, or will once they are committed. */
    BlockLocation place(BlockSpan block) {
        int first = block.begin() / pageTokens;
        int last = (block.end() - 1) / pageTokens;
        return new BlockLocation(
                Arrays.copyOfRange(pages, first, last + 1), block.begin() - first * pageTokens, block.tokens());
    }
}
