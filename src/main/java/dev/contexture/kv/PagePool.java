package dev.contexture.kv;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Hands out physical pages and remembers which of them hold blocks of known prefixes.
 *
 * <p>A page is free, used (by one sequence or shared by several), or cached: used by none, but still holding a block, or
 * part of one, that a later prompt may contain. Cached pages are taken back in the order in which they were last used, so the
 * cache costs nothing: it is what memory happens to be idle. A block goes when the first of its pages goes.
 */
final class PagePool {
    private final int[] references;
    /** Known blocks that lie, at least in part, on each page. */
    private final @Nullable List<Block>[] blocksOn;

    private final BitSet free = new BitSet();
    /** Of them, those below the limit. */
    private int freeCount;

    /** Pages from here on cannot be given: what would hold them is not there. */
    private int limit;
    /** The largest limit that there may be. */
    private int reachable;

    private final Map<PrefixKey, Block> known = new HashMap<>();
    /** Cached pages, least recently used first. */
    private final LinkedHashSet<Integer> cached = new LinkedHashSet<>();

    private long evictions;

    /**
     * A known block.
     *
     * @param firstPage logical page on which it begins
     * @param pages the physical pages that it touches, in order
     * @param exact whether its keys and values were computed by attending to everything
     */
    @SuppressWarnings("ArrayRecordComponent")
    record Block(PrefixKey key, int firstPage, int[] pages, boolean exact) {}

    @SuppressWarnings({"unchecked", "rawtypes"})
    PagePool(int pages) {
        if (pages < 1) {
            throw new IllegalArgumentException("a pool needs at least one page but has " + pages);
        }
        references = new int[pages];
        blocksOn = new List[pages];
        free.set(0, pages);
        freeCount = pages;
        limit = pages;
        reachable = pages;
    }

    int pages() {
        return references.length;
    }

    /** Pages that {@link #take} can still give, if need be behind a larger {@link #limit}. */
    int availablePages() {
        return freeCount + cached.size() + reachable - limit;
    }

    /** Pages that {@link #take} can give now. */
    int takeablePages() {
        return freeCount + cached.size();
    }

    /** Pages that sequences use. */
    int usedPages() {
        return limit - freeCount - cached.size();
    }

    /** All pages below can be given, others not. What is cached on them is forgotten. */
    void limit(int pages, int most) {
        if (pages < 1 || most > references.length || pages > most) {
            throw new IllegalArgumentException(
                    "pages below " + pages + " and at most " + most + " of " + references.length + " cannot be given");
        }
        if (usedBelow() > pages) {
            throw new IllegalStateException(
                    "page " + (usedBelow() - 1) + " is used, but only those below " + pages + " could be given");
        }
        for (int page : cachedList()) {
            if (page >= pages && cached.contains(page)) {
                for (Block block : List.copyOf(blocksOn(page))) {
                    forget(block);
                }
                evictions++;
            }
        }
        limit = pages;
        reachable = most;
        freeCount = free.get(0, pages).cardinality();
    }

    /** One more than the last page that a sequence uses; 0 if none does. */
    int usedBelow() {
        int page = references.length;
        while (page > 0 && references[page - 1] == 0) {
            page--;
        }
        return page;
    }

    /** One more than the last page that holds something; 0 if none does. */
    int heldBelow() {
        return free.previousClearBit(references.length - 1) + 1;
    }

    /** Pages that hold something, ascending. */
    int[] heldPages() {
        return IntStream.range(0, references.length)
                .filter(page -> !free.get(page))
                .toArray();
    }

    int freePages() {
        return freeCount;
    }

    int cachedPages() {
        return cached.size();
    }

    long evictions() {
        return evictions;
    }

    /**
     * @throws IllegalStateException if no page is available; ask {@link #availablePages} before
     */
    int take() {
        if (freeCount == 0) {
            evictOldest();
        }
        int page = free.nextSetBit(0); // the front fills first, so that the end can be given up
        free.clear(page);
        freeCount--;
        references[page] = 1;
        return page;
    }

    private void evictOldest() {
        if (cached.isEmpty()) {
            throw new IllegalStateException("the pool of " + pages() + " pages is exhausted");
        }
        int page = cached.getFirst();
        for (Block block : List.copyOf(blocksOn(page))) {
            forget(block);
        }
        evictions++;
    }

    /** The pages that held nothing else and that nobody uses become free. */
    private void forget(Block block) {
        known.remove(block.key);
        for (int page : block.pages) {
            List<Block> others = blocksOn(page);
            others.remove(block);
            if (others.isEmpty() && references[page] == 0) {
                cached.remove(page);
                addFree(page);
            }
        }
    }

    private void addFree(int page) {
        free.set(page);
        freeCount += page < limit ? 1 : 0;
    }

    private List<Block> blocksOn(int page) {
        List<Block> blocks = blocksOn[page];
        if (blocks == null) {
            blocks = new ArrayList<>(2);
            blocksOn[page] = blocks;
        }
        return blocks;
    }

    /** The block that ends this prefix, left as it is. */
    Optional<Block> find(PrefixKey key) {
        return Optional.ofNullable(known.get(key));
    }

    /** The page is used once more. */
    void share(int page) {
        if (references[page]++ == 0) {
            cached.remove(page);
        }
    }

    /**
     * A block on used pages became complete. If other pages hold the same already, those stay the known ones, unless only
     * these are exact.
     */
    void remember(Block block) {
        Block before = known.get(block.key);
        if (before != null && block.exact && !before.exact) {
            forget(before);
        }
        if (known.putIfAbsent(block.key, block) == null) {
            for (int page : block.pages) {
                blocksOn(page).add(block);
            }
        }
    }

    /** A known block is known on other pages from now on, which hold the same and are used. */
    void move(Block block) {
        Block before = known.get(block.key);
        if (before != null) {
            forget(before);
        }
        remember(block);
    }

    void release(int page) {
        if (references[page] <= 0) {
            throw new IllegalStateException("page " + page + " is released but nobody uses it");
        }
        if (--references[page] > 0) {
            return;
        }
        if (blocksOn(page).isEmpty()) {
            addFree(page);
        } else {
            cached.add(page);
        }
    }

    int references(int page) {
        return references[page];
    }

    int[] freeList() {
        return free.stream().toArray();
    }

    int[] cachedList() {
        return cached.stream().mapToInt(Integer::intValue).toArray();
    }
}
