package dev.contexture.kv;

import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * Hands out physical pages and remembers which of them hold a known prefix.
 *
 * <p>A page is free, used (by one sequence or shared by several), or cached: used by none, but still holding a prefix that
 * a later prompt may begin with. Cached pages are taken back in the order in which they were last used, so the cache costs
 * nothing: it is what memory happens to be idle.
 */
final class PagePool {
    private final int[] references;
    private final @Nullable PrefixKey[] keys;
    private final int[] free;
    private int freeCount;
    private final Map<PrefixKey, Integer> pageOf = new HashMap<>();
    /** Cached pages, least recently used first. */
    private final LinkedHashMap<Integer, PrefixKey> cached = new LinkedHashMap<>();

    private long evictions;

    PagePool(int pages) {
        if (pages < 1) {
            throw new IllegalArgumentException("a pool needs at least one page but has " + pages);
        }
        references = new int[pages];
        keys = new PrefixKey[pages];
        free = new int[pages];
        for (int i = 0; i < pages; i++) {
            free[i] = pages - 1 - i;
        }
        freeCount = pages;
    }

    int pages() {
        return references.length;
    }

    /** Pages that {@link #take} can still give. */
    int availablePages() {
        return freeCount + cached.size();
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
        int page = free[--freeCount];
        references[page] = 1;
        return page;
    }

    private void evictOldest() {
        var oldest = cached.pollFirstEntry();
        if (oldest == null) {
            throw new IllegalStateException("the pool of " + pages() + " pages is exhausted");
        }
        int page = oldest.getKey();
        pageOf.remove(oldest.getValue());
        keys[page] = null;
        free[freeCount++] = page;
        evictions++;
    }

    /** The page that holds this prefix, now used once more. */
    OptionalInt share(PrefixKey key) {
        Integer page = pageOf.get(key);
        if (page == null) {
            return OptionalInt.empty();
        }
        if (references[page]++ == 0) {
            cached.remove(page);
        }
        return OptionalInt.of(page);
    }

    /** The page that holds this prefix, left as it is. */
    OptionalInt find(PrefixKey key) {
        Integer page = pageOf.get(key);
        return page == null ? OptionalInt.empty() : OptionalInt.of(page);
    }

    /** A used page became complete. If another page holds the same prefix already, that one stays the known one. */
    void remember(int page, PrefixKey key) {
        if (pageOf.putIfAbsent(key, page) == null) {
            keys[page] = key;
        }
    }

    void release(int page) {
        if (references[page] <= 0) {
            throw new IllegalStateException("page " + page + " is released but nobody uses it");
        }
        if (--references[page] > 0) {
            return;
        }
        PrefixKey key = keys[page];
        if (key == null) {
            free[freeCount++] = page;
        } else {
            cached.put(page, key);
        }
    }

    int references(int page) {
        return references[page];
    }

    int[] freeList() {
        return Arrays.copyOf(free, freeCount);
    }

    int[] cachedList() {
        return cached.keySet().stream().mapToInt(Integer::intValue).toArray();
    }
}
