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

    /** The last row of each sequence. */
    public int[] lastRows() {
        int[] last = new int[queryLengths.length];
        int end = 0;
        for (int s = 0; s < last.length; s++) {
            end += queryLengths[s];
            last[s] = end - 1;
        }
        return last;
    }

    /** The token position of each row. */
    public int[] rowPositions() {
        int[] positions = new int[rows()];
        int row = 0;
        for (int s = 0; s < queryLengths.length; s++) {
            for (int i = 0; i < queryLengths[s]; i++) {
                positions[row++] = contextLengths[s] + i;
            }
        }
        return positions;
    }

    /** The slot that takes each row's keys and values. */
    public long[] rowSlots() {
        long[] slots = new long[rows()];
        int row = 0;
        for (int s = 0; s < queryLengths.length; s++) {
            for (int i = 0; i < queryLengths[s]; i++) {
                int position = contextLengths[s] + i;
                long page = pages[pageOffsets[s] + position / pageTokens];
                slots[row++] = page * pageTokens + position % pageTokens;
            }
        }
        return slots;
    }
}
