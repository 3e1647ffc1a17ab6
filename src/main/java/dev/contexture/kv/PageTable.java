package dev.contexture.kv;

import java.util.Arrays;

/**
 * One sequence's logical pages. Of its tokens, {@code [0, committed)} are in the pool; pages behind them are reserved by
 * the step that runs.
 */
final class PageTable {
    private final int pageTokens;
    private int[] pages = new int[16];
    private int pageCount;
    private int committed;
    /** Tokens of the page that is not full yet. */
    private final int[] tail;

    private PrefixKey lastKey;

    PageTable(int pageTokens, String salt) {
        this.pageTokens = pageTokens;
        this.tail = new int[pageTokens];
        this.lastKey = PrefixKey.root(salt);
    }

    int committed() {
        return committed;
    }

    int pageCount() {
        return pageCount;
    }

    int page(int logical) {
        return pages[logical];
    }

    int[] pages() {
        return Arrays.copyOf(pages, pageCount);
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

    /** A page that another sequence filled with the same prefix. */
    void attach(int page, PrefixKey key) {
        append(page);
        committed += pageTokens;
        lastKey = key;
    }

    PrefixKey lastKey() {
        return lastKey;
    }

    /** Tells of each page that becomes full. */
    interface FullPageSink {
        void full(int page, PrefixKey key);
    }

    void commit(int[] tokens, FullPageSink sink) {
        for (int token : tokens) {
            tail[committed % pageTokens] = token;
            committed++;
            if (committed % pageTokens == 0) {
                lastKey = lastKey.next(tail, 0, pageTokens);
                sink.full(pages[committed / pageTokens - 1], lastKey);
            }
        }
    }
}
