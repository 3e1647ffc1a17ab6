package dev.contexture.config;

import dev.contexture.nativelib.BlockFormat;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * The KV pool, and what is kept below it.
 *
 * @param pageTokens tokens per page: 8, 16, 32, 64 or 128
 * @param deviceBytes size of the pool and of what a retriever keeps beside it; address space is taken at once, memory as it is used
 * @param pretouchBytes of the pool, taken at the start instead of as they are used: the first sequences do not wait for them
 * @param hostBytes host memory for blocks that the pool has no room for, compressed; 0: nothing is kept below the pool
 * @param storedFormat how keys and values are compressed there
 * @param partialRestoreTokens most tokens of the blocks that a step of a session brings that comes back in part; 0: sessions come
 *     back whole
 * @param partialRestoreMessageTokens most new tokens of a session that comes back in part; with more it comes back whole
 * @param partialRestoreChunkTokens new tokens that share one selection then; 1: each chooses for itself
 * @param auditInterval one of so many restores is audited by computing a block again; 0: none
 * @param pinnedBytes page-locked host memory for the keys and values of layers that leave a CUDA device when sequences grow; 0: none
 *     leaves
 */
@ConfigurationProperties("contexture.kv")
public record KvProperties(
        @DefaultValue("32") int pageTokens,
        @DefaultValue("2GB") DataSize deviceBytes,
        @DefaultValue("256MB") DataSize pretouchBytes,
        @DefaultValue("1GB") DataSize hostBytes,
        @DefaultValue("int8-keys-int4-values") BlockFormat storedFormat,
        @DefaultValue("512") int partialRestoreTokens,
        @DefaultValue("96") int partialRestoreMessageTokens,
        @DefaultValue("1") int partialRestoreChunkTokens,
        @DefaultValue("64") int auditInterval,
        @DefaultValue("0") DataSize pinnedBytes) {
    /** Less would not hold one long context. */
    private static final long LEAST_HOST_BYTES = 16 << 20;

    public KvProperties {
        if (deviceBytes.toBytes() <= 0) {
            throw new IllegalArgumentException("contexture.kv.device-bytes must be positive but is " + deviceBytes);
        }
        if (pretouchBytes.isNegative()) {
            throw new IllegalArgumentException(
                    "contexture.kv.pretouch-bytes must not be negative but is " + pretouchBytes);
        }
        if (hostBytes.toBytes() != 0 && hostBytes.toBytes() < LEAST_HOST_BYTES) {
            throw new IllegalArgumentException("contexture.kv.host-bytes must be 0 or at least "
                    + DataSize.ofBytes(LEAST_HOST_BYTES).toMegabytes() + "MB but is " + hostBytes);
        }
        if (pinnedBytes.isNegative()) {
            throw new IllegalArgumentException("contexture.kv.pinned-bytes must not be negative but is " + pinnedBytes);
        }
        if (partialRestoreTokens < 0) {
            throw new IllegalArgumentException(
                    "contexture.kv.partial-restore-tokens must not be negative but is " + partialRestoreTokens);
        }
        if (auditInterval < 0) {
            throw new IllegalArgumentException(
                    "contexture.kv.audit-interval must not be negative but is " + auditInterval);
        }
        requirePositive(partialRestoreMessageTokens, "partial-restore-message-tokens");
        requirePositive(partialRestoreChunkTokens, "partial-restore-chunk-tokens");
    }

    private static void requirePositive(int value, String name) {
        if (value < 1) {
            throw new IllegalArgumentException("contexture.kv." + name + " must be at least 1 but is " + value);
        }
    }

    /**
     * @param fixedBytes that are not for pages
     * @param bytesPerPage of all layers, and of what is kept beside a page
     * @param contextLength longest sequence in tokens: the pool must hold at least one
     */
    int pages(long fixedBytes, long bytesPerPage, int contextLength) {
        return pages(fixedBytes, bytesPerPage, contextLength, 0);
    }

    /**
     * The same with memory besides, for layers that leave the device.
     *
     * @param pinned bytes of it
     */
    int pages(long fixedBytes, long bytesPerPage, int contextLength, long pinned) {
        long bytes = Math.max(0, deviceBytes.toBytes() - fixedBytes) + pinned;
        long pages = Math.min(Integer.MAX_VALUE, bytes / bytesPerPage);
        long needed = Math.ceilDiv(contextLength, pageTokens);
        if (pages < needed) {
            throw new IllegalArgumentException("contexture.kv.device-bytes (" + deviceBytes + ") holds "
                    + pages * pageTokens + " tokens, which is less than one sequence of " + contextLength
                    + " tokens: raise it to "
                    + DataSize.ofMegabytes(Math.ceilDiv(fixedBytes + needed * bytesPerPage, 1L << 20))
                    + " or lower contexture.engine.context-length");
        }
        return (int) pages;
    }
}
