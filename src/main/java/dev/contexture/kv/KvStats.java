package dev.contexture.kv;

/**
 * Counts of the KV cache. {@code freePages + cachedPages + usedPages() = totalPages}.
 *
 * @param prefixQueryTokens prompt tokens that were looked up since start
 * @param prefixHitTokens of these, tokens found
 */
public record KvStats(
        int totalPages,
        int freePages,
        int cachedPages,
        long prefixQueryTokens,
        long prefixHitTokens,
        long evictions,
        long bytesPerPage) {
    public int usedPages() {
        return totalPages - freePages - cachedPages;
    }
}
