package dev.contexture.kv;

import dev.contexture.core.KvGeometry;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * Which pages each sequence owns. Who owns a token's slot: {@code [0, committed)} the sequence, or all sequences that share
 * the page; {@code [committed, committed + new)} the reservation of the running step, which gives it to the sequence by
 * {@link StepReservation#commit} or back to the pool by closing.
 *
 * <p>Only full, committed pages are shared, so a shared page is never written. Used by one thread only.
 */
public final class KvCache {
    private final KvGeometry geometry;
    private final PagePool pool;
    private final Map<Long, PageTable> tables = new HashMap<>();
    private long prefixQueryTokens;
    private long prefixHitTokens;

    public KvCache(KvGeometry geometry, int pages) {
        this.geometry = geometry;
        this.pool = new PagePool(pages);
    }

    /** Most tokens that one sequence can have when it is alone. */
    public int capacityTokens() {
        return (int) Math.min(Integer.MAX_VALUE, (long) pool.pages() * geometry.pageTokens());
    }

    /**
     * Registers a sequence and gives it the pages of the longest known prefix of its tokens. At least the last token is
     * left to compute, as its logits are wanted.
     *
     * @return tokens that need not be computed
     */
    public int admit(long sequenceId, int[] tokens, String salt) {
        PageTable table = new PageTable(geometry.pageTokens(), salt);
        if (tables.putIfAbsent(sequenceId, table) != null) {
            throw new IllegalStateException("sequence " + sequenceId + " is admitted already");
        }
        int pageTokens = geometry.pageTokens();
        prefixQueryTokens += tokens.length;
        for (int begin = 0; begin + pageTokens < tokens.length; begin += pageTokens) {
            PrefixKey key = table.lastKey().next(tokens, begin, begin + pageTokens);
            OptionalInt page = pool.share(key);
            if (page.isEmpty()) {
                break;
            }
            table.attach(page.getAsInt(), key);
        }
        prefixHitTokens += table.committed();
        return table.committed();
    }

    /** Available pages that {@link #admit} would put to use: those of the known prefix that nobody uses now. */
    public int cachedPagesOf(int[] tokens, String salt) {
        int pageTokens = geometry.pageTokens();
        PrefixKey key = new PageTable(pageTokens, salt).lastKey();
        int cached = 0;
        for (int begin = 0; begin + pageTokens < tokens.length; begin += pageTokens) {
            key = key.next(tokens, begin, begin + pageTokens);
            OptionalInt page = pool.find(key);
            if (page.isEmpty()) {
                break;
            }
            cached += pool.references(page.getAsInt()) == 0 ? 1 : 0;
        }
        return cached;
    }

    /** Pages that must be available before {@code newTokens} more tokens of the sequence can be reserved. */
    public int missingPages(long sequenceId, int newTokens) {
        return table(sequenceId).missingPages(newTokens);
    }

    public int availablePages() {
        return pool.availablePages();
    }

    public int pageTokens() {
        return geometry.pageTokens();
    }

    /**
     * Takes the slots for a step.
     *
     * @throws IllegalStateException if the pages are not available: the plan must have asked {@link #missingPages} before
     */
    public StepReservation reserve(List<SlotRequest> requests) {
        int missing = 0;
        for (SlotRequest request : requests) {
            missing += table(request.sequenceId()).missingPages(request.count());
        }
        if (missing > pool.availablePages()) {
            throw new IllegalStateException(
                    "the step needs " + missing + " pages but " + pool.availablePages() + " are available");
        }
        return new StepReservation(this, requests);
    }

    /** Gives the sequence's pages back; those that hold a known prefix stay cached until they are needed. */
    public void release(long sequenceId) {
        PageTable table = table(sequenceId);
        tables.remove(sequenceId);
        // Last page first: the cache then evicts the end of a prefix before its beginning.
        while (table.pageCount() > 0) {
            pool.release(table.removeLast());
        }
    }

    PageTable table(long sequenceId) {
        PageTable table = tables.get(sequenceId);
        if (table == null) {
            throw new IllegalStateException("sequence " + sequenceId + " is not admitted");
        }
        return table;
    }

    PagePool pool() {
        return pool;
    }

    public KvSnapshot snapshot() {
        List<KvSnapshot.SequencePages> sequences = new ArrayList<>();
        tables.forEach(
                (id, table) -> sequences.add(new KvSnapshot.SequencePages(id, table.committed(), table.pages())));
        int[] references = new int[pool.pages()];
        for (int page = 0; page < references.length; page++) {
            references[page] = pool.references(page);
        }
        return new KvSnapshot(geometry.pageTokens(), references, pool.freeList(), pool.cachedList(), sequences);
    }

    public KvStats stats() {
        return new KvStats(
                pool.pages(),
                pool.freePages(),
                pool.cachedPages(),
                prefixQueryTokens,
                prefixHitTokens,
                pool.evictions(),
                geometry.bytesPerPage());
    }
}
