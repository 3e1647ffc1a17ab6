package dev.contexture.kv.tier;

import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.Optional;

/**
 * The first bytes of a sealed value, big-endian. They are readable without a key and covered by the tag.
 *
 * <pre>
 *  0   4  magic "CTXB"                 16   8  fingerprint
 *  4   2  version                      24  16  namespace
 *  6   1  codec                        40  16  hash
 *  7   1  part: 0 index, 1 rows        56   4  id of the master key
 *  8   1  layer group, 0 for index     60   4  payload bytes
 *  9   1  KV head, 0 for index         64  24  nonce
 * 10   2  layers                       88   4  CRC32C of the payload, enciphered
 * 12   2  numbers per row              92   n  payload, enciphered
 * 14   2  tokens                     92+n  16  tag
 * </pre>
 *
 * The checksum is enciphered, as in the clear it would tell whether a guessed text is the stored one.
 */
final class StoredHeader {
    static final int BYTES = 88;
    static final int NONCE_BYTES = 24;
    static final int CHECKSUM_BYTES = 4;
    static final int TAG_BYTES = 16;
    static final int OVERHEAD_BYTES = BYTES + CHECKSUM_BYTES + TAG_BYTES;

    private static final int MAGIC = 0x43545842;
    private static final short VERSION = 1;
    private static final int KEY_ID_AT = 56;
    private static final int NONCE_AT = 64;

    private StoredHeader() {}

    static byte[] encode(StoredName name, int masterKeyId, int payloadBytes, byte[] nonce) {
        TierKey key = name.key();
        BlockForm form = name.form();
        return ByteBuffer.allocate(BYTES)
                .putInt(MAGIC)
                .putShort(VERSION)
                .put((byte) form.codec())
                .put(part(key.part()))
                .putShort((short) form.layers())
                .putShort((short) form.rowNumbers())
                .putShort((short) form.tokens())
                .put(HexFormat.of().parseHex(key.scope().fingerprint()))
                .put(HexFormat.of().parseHex(key.scope().namespace()))
                .putLong(key.hashHigh())
                .putLong(key.hashLow())
                .putInt(masterKeyId)
                .putInt(payloadBytes)
                .put(nonce)
                .array();
    }

    private static byte[] part(BlockPart part) {
        return switch (part) {
            case BlockPart.Index index -> new byte[3];
            case BlockPart.Carry carry -> new byte[] {2, 0, 0};
            case BlockPart.Rows rows -> new byte[] {1, (byte) rows.layerGroup(), (byte) rows.kvHead()};
        };
    }

    static int masterKeyId(byte[] header) {
        return ByteBuffer.wrap(header).getInt(KEY_ID_AT);
    }

    static byte[] nonce(byte[] header) {
        byte[] nonce = new byte[NONCE_BYTES];
        System.arraycopy(header, NONCE_AT, nonce, 0, NONCE_BYTES);
        return nonce;
    }

    /**
     * Compares a value's header with what it should be.
     *
     * @param valueBytes of the whole value
     * @return why the value must not be used; empty: only the tag can still tell
     */
    static Optional<RefusalReason> refusal(byte[] header, StoredName expected, int valueBytes) {
        byte[] right = encode(expected, masterKeyId(header), valueBytes - OVERHEAD_BYTES, nonce(header));
        for (Field field : Field.values()) {
            for (int at = field.from; at < field.to; at++) {
                if (header[at] != right[at]) {
                    return Optional.of(field.refusal);
                }
            }
        }
        return Optional.empty();
    }

    /** Bytes {@code [from, to)} and what it means that they are others; in the order in which they are compared. */
    private enum Field {
        MAGIC(0, 4, RefusalReason.MAGIC),
        VERSION(4, 6, RefusalReason.VERSION),
        PAYLOAD_BYTES(60, 64, RefusalReason.LENGTH),
        FINGERPRINT(16, 24, RefusalReason.FINGERPRINT),
        NAMESPACE(24, 40, RefusalReason.TENANT),
        HASH(40, 56, RefusalReason.KEY),
        PART(7, 10, RefusalReason.KEY),
        CODEC(6, 7, RefusalReason.CODEC),
        GEOMETRY(10, 14, RefusalReason.GEOMETRY),
        TOKENS(14, 16, RefusalReason.TOKEN_COUNT);

        private final int from;
        private final int to;
        private final RefusalReason refusal;

        Field(int from, int to, RefusalReason refusal) {
            this.from = from;
            this.to = to;
            this.refusal = refusal;
        }
    }
}
