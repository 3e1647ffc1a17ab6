package dev.contexture.kv;

import java.util.List;

/**
 * The state of the KV cache at one moment, for checks and diagnostics.
 *
 * @param references users of each physical page
 */
@SuppressWarnings("ArrayRecordComponent")
public record KvSnapshot(
        int pageTokens, int[] references, int[] freePages, int[] cachedPages, List<SequencePages> sequences) {
    /** One sequence's pages in logical order; its first {@code committed} tokens are in the pool. */
    @SuppressWarnings("ArrayRecordComponent")
    public record SequencePages(long sequenceId, int committed, int[] pages) {}
}
