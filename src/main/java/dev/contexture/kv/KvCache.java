package dev.contexture.kv;

import dev.contexture.core.KvGeometry;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Which pages each sequence owns. Who owns a token's slot: {@code [0, committed)} the sequence, or all sequences that share
 * the page; {@code [committed, committed + new)} the reservation of the running step, which gives it to the sequence by
 * {@link StepReservation#commit} or back to the pool by closing.
 *
 * <p>Prefixes are known by semantic blocks, memory is given by pages: only full, committed pages are shared, so a shared page is
 * never written. Used by one thread only.
 */
public final class KvCache {
    /** A chunk of a single row runs through other products than longer ones, so at least two rows are left to compute. */
    private static final int LEAST_ROWS = 2;

    private final KvGeometry geometry;
    private final PagePool pool;
    private final BlockCutter.Factory cutters;
    private final PageCopier copier;
    private final Map<Long, PageTable> tables = new HashMap<>();
    private long prefixQueryTokens;
    private long prefixHitTokens;

    /**
     * @param cutters where prompts and outputs are cut into blocks
     * @param copier what moves a prefix's last tokens to a page of the sequence's own
     */
    public KvCache(KvGeometry geometry, int pages, BlockCutter.Factory cutters, PageCopier copier) {
        this.geometry = geometry;
        this.pool = new PagePool(pages);
        this.cutters = cutters;
        this.copier = copier;
    }

    /** Most tokens that one sequence can have when it is alone. */
    public int capacityTokens() {
        return (int) Math.min(Integer.MAX_VALUE, (long) pool.pages() * geometry.pageTokens());
    }

    /**
     * Registers a sequence and gives it the pages of the longest known prefix of its tokens: full pages are shared, the
     * tokens on a page that goes on otherwise are copied. At least the last token is left to compute, as its logits are
     * wanted.
     *
     * @param prompt all tokens of the sequence as {@link #cut} gave them, which belong to the sequence from now on
     * @return tokens that need not be computed
     */
    public int admit(long sequenceId, SequenceBlocks prompt, PrefixUse use) {
        PageTable table = new PageTable(geometry.pageTokens(), prompt);
        if (tables.putIfAbsent(sequenceId, table) != null) {
            throw new IllegalStateException("sequence " + sequenceId + " is admitted already");
        }
        prefixQueryTokens += prompt.accepted();
        PrefixMatch match = match(prompt, use);
        int exact = match.exactTokens(prompt);
        int pageTokens = geometry.pageTokens();
        for (int page : match.pages()) {
            pool.share(page);
        }
        match.moved().forEach(pool::move);
        int full = match.fullPages(pageTokens);
        for (int i = 0; i < full; i++) {
            table.append(match.pages()[i]);
        }
        table.attach(full * pageTokens, exact);
        if (match.partialTokens(pageTokens) > 0) {
            int source = match.pages()[full];
            if (pool.takeablePages() > 0) {
                int own = pool.take();
                copier.copy(source, own, match.partialTokens(pageTokens));
                table.append(own);
                table.attach(match.tokens(), exact);
            }
            pool.release(source);
        }
        prefixHitTokens += table.committed();
        return table.committed();
    }

    /**
     * Cuts a prompt into blocks and names each by its hash. What the cache knows of them may change; they do not, so a
     * prompt that waits need not be cut again.
     */
    public SequenceBlocks cut(int[] tokens, String salt) {
        SequenceBlocks blocks = new SequenceBlocks(cutters.newCutter(), salt);
        blocks.accept(tokens, 0, tokens.length);
        return blocks;
    }

    /** The same from exact prefixes only. */
    public int admit(long sequenceId, int[] tokens, String salt) {
        return admit(sequenceId, cut(tokens, salt), PrefixUse.EXACT);
    }

    private PrefixMatch match(SequenceBlocks prompt, PrefixUse use) {
        return PrefixMatch.of(prompt, pool, geometry.pageTokens(), Math.max(0, prompt.accepted() - LEAST_ROWS), use);
    }

    /**
     * Available pages that {@link #admit} would put to use: those of the known prefix that nobody uses now, and the one that
     * its last tokens are copied to.
     */
    public int pagesToAdmit(SequenceBlocks prompt, PrefixUse use) {
        PrefixMatch match = match(prompt, use);
        int pages = match.partialTokens(geometry.pageTokens()) > 0 ? 1 : 0;
        for (int page : match.pages()) {
            pages += pool.references(page) == 0 ? 1 : 0;
        }
        return pages;
    }

    /** The sequence attends to a selection in the step that is being run: from there on its keys and values are approximate. */
    public void becomeApproximate(long sequenceId) {
        table(sequenceId).becomeApproximate();
    }

    /** The sequence's tokens from {@code position} on, which are brought in from elsewhere, are approximate. */
    public void approximateFrom(long sequenceId, int position) {
        table(sequenceId).approximateFrom(position);
    }

    /**
     * Said of a sequence of the step that is being run: what belongs to its tokens in other pools is there for those before
     * {@code position} only. Blocks that end behind it stay unknown to other sequences until this is said anew.
     */
    public void completeUpTo(long sequenceId, int position) {
        table(sequenceId).completeUpTo(position);
    }

    /** Where the sequence's blocks end, as far as that is certain; ascending. */
    public int[] blockEnds(long sequenceId) {
        return table(sequenceId).blocks().ends();
    }

    /** The sequence's blocks that the prefix cache knows, in order: their contents are complete. */
    public List<KnownBlock> knownBlocks(long sequenceId) {
        return table(sequenceId).knownBlocks();
    }

    /** Where a block lies now; empty if its pages have been given to others since. */
    public Optional<BlockLocation> locate(BlockSpan block) {
        return pool.find(block.key())
                .map(found -> new BlockLocation(
                        found.pages().clone(),
                        block.begin() - found.firstPage() * geometry.pageTokens(),
                        block.tokens()));
    }

    /** Where one of the sequence's blocks lies, or will once it is committed: its pages are taken. */
    public BlockLocation place(long sequenceId, BlockSpan block) {
        return table(sequenceId).place(block);
    }

    /**
     * The sequence's tokens {@code [begin, end)} will be committed before their keys and values are in the pool: others do not get
     * to know their blocks.
     */
    public void beginPartial(long sequenceId, int begin, int end) {
        table(sequenceId).beginPartial(begin, end);
    }

    /** All keys and values of the sequence are there. */
    public void endPartial(long sequenceId) {
        table(sequenceId).endPartial(pool);
    }

    /** Pages that must be available before {@code newTokens} more tokens of the sequence can be reserved. */
    public int missingPages(long sequenceId, int newTokens) {
        return table(sequenceId).missingPages(newTokens);
    }

    public int availablePages() {
        return pool.availablePages();
    }

    /** Of the {@linkplain #availablePages available} pages, those below the present {@linkplain #limitPages limit}. */
    public int takeablePages() {
        return pool.takeablePages();
    }

    /** Pages that sequences use, and those that a step would take besides. */
    public int pagesBehind(List<SlotRequest> requests) {
        return pool.usedPages() + missing(requests);
    }

    /**
     * From now on only pages below {@code limit} are given, until more are allowed.
     *
     * @param most the largest limit that there may be
     * @throws IllegalStateException if a sequence uses another page
     */
    public void limitPages(int limit, int most) {
        pool.limit(limit, most);
    }

    /** One more than the last page that a sequence uses; 0 if none does. */
    public int usedPagesBelow() {
        return pool.usedBelow();
    }

    /** The same of pages that hold something, cached ones too. */
    public int heldPagesBelow() {
        return pool.heldBelow();
    }

    /** Pages that hold keys and values which are in use or may be. */
    public int[] heldPages() {
        return pool.heldPages();
    }

    /** Of keys and values in the pool. */
    public long bytesPerToken() {
        return geometry.bytesPerToken();
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
        int missing = missing(requests);
        if (missing > pool.takeablePages()) {
            throw new IllegalStateException(
                    "the step needs " + missing + " pages but " + pool.takeablePages() + " are available");
        }
        return new StepReservation(this, requests);
    }

    private int missing(List<SlotRequest> requests) {
        int missing = 0;
        for (SlotRequest request : requests) {
            missing += table(request.sequenceId()).missingPages(request.count());
        }
        return missing;
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
