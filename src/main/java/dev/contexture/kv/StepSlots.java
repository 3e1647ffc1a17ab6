package dev.contexture.kv;

import java.util.Arrays;

/**
 * Where the rows of a step and the contexts before them lie: sequence {@code s} brings {@code queryLengths[s]} rows after
 * {@code contextLengths[s]} tokens, on {@code pages[pageOffsets[s]] .. pages[pageOffsets[s + 1]]}. The arrays are shared
 * with the callers and not written by anyone.
 */
public final class StepSlots {
    private final int pageTokens;
    private final int[] queryLengths;
    private final int[] contextLengths;
    private final int[] pageOffsets;
    private final int[] pages;

    public StepSlots(int pageTokens, int[] queryLengths, int[] contextLengths, int[] pageOffsets, int[] pages) {
        this.pageTokens = pageTokens;
        this.queryLengths = queryLengths;
        this.contextLengths = contextLengths;
        this.pageOffsets = pageOffsets;
        this.pages = pages;
    }

    public int sequences() {
        return queryLengths.length;
    }

    public int queryLength(int sequence) {
        return queryLengths[sequence];
    }

    public int contextLength(int sequence) {
        return contextLengths[sequence];
    }

    public int pageCount(int sequence) {
        return pageOffsets[sequence + 1] - pageOffsets[sequence];
    }

    public void copyPages(int sequence, int[] target, int offset) {
        System.arraycopy(pages, pageOffsets[sequence], target, offset, pageCount(sequence));
    }

    public int[] queryLengths() {
        return queryLengths;
    }

    public int[] contextLengths() {
        return contextLengths;
    }

    public int[] pageOffsets() {
        return pageOffsets;
    }

    public int[] pages() {
        return pages;
    }

    public int rows() {
        return Arrays.stream(queryLengths).sum();
    }

    public int pageTokens() {
        return pageTokens;
    }

    /** The slot that holds a sequence's token at {@code position}. */
    public long slot(int sequence, int position) {
        long page = pages[pageOffsets[sequence] + position / pageTokens];
        return page * pageTokens + position % pageTokens;
    }
}
