package dev.contexture.config;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * The KV pool.
 *
 * @param pageTokens tokens per page: 8, 16, 32, 64 or 128
 * @param deviceBytes size of the pool and of what a retriever keeps beside it; address space is taken at once, memory as it is used
 */
@ConfigurationProperties("contexture.kv")
public record KvProperties(
        @DefaultValue("32") int pageTokens,
        @DefaultValue("2GB") DataSize deviceBytes) {
    public KvProperties {
        if (deviceBytes.toBytes() <= 0) {
            throw new IllegalArgumentException("contexture.kv.device-bytes must be positive but is " + deviceBytes);
        }
    }

    /**
     * @param fixedBytes that are not for pages
     * @param bytesPerPage of all layers, and of what is kept beside a page
     * @param contextLength longest sequence in tokens: the pool must hold at least one
     */
    int pages(long fixedBytes, long bytesPerPage, int contextLength) {
        long bytes = Math.max(0, deviceBytes.toBytes() - fixedBytes);
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
