package dev.contexture.kv.tier;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * A payload behind its checksum: the bytes that are enciphered.
 *
 * @param bytes belong to it from now on
 */
@SuppressWarnings("ArrayRecordComponent")
record CheckedPayload(byte[] bytes) {
    CheckedPayload {
        if (bytes.length < StoredHeader.CHECKSUM_BYTES) {
            throw new IllegalArgumentException("a checked payload has a checksum but only " + bytes.length + " bytes");
        }
    }

    int size() {
        return bytes.length - StoredHeader.CHECKSUM_BYTES;
    }

    int checksum() {
        return ByteBuffer.wrap(bytes).getInt();
    }

    ByteBuffer payload() {
        return ByteBuffer.wrap(bytes, StoredHeader.CHECKSUM_BYTES, size()).slice();
    }

    boolean isIntact() {
        return checksumOf(payload()) == checksum();
    }

    static int checksumOf(ByteBuffer payload) {
        CRC32C crc = new CRC32C();
        crc.update(payload);
        return (int) crc.getValue();
    }
}
