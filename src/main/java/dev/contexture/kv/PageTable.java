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
            all.add(new KnownBlock(blocks.span(i), blocks.end(i) <= exactTokens));
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
            int first = blocks.begin(known) / pageTokens;
            int last = (blocks.end(known) - 1) / pageTokens;
            pool.remember(new PagePool.Block(
                    blocks.key(known),
                    first,
                    Arrays.copyOfRange(pages, first, last + 1),
                    blocks.end(known) <= exactTokens));
            known++;
        }
    }
}
