package dev.contexture.kv.tier;

import java.nio.ByteBuffer;

/** What came of sealing or opening a value. */
public sealed interface SealResult {
    /**
     * @param bytes the sealed value, or the payload
     * @param checksum of the payload
     */
    record Passed(ByteBuffer bytes, int checksum) implements SealResult {}

    record Refused(RefusalReason reason) implements SealResult {}
}
