package dev.contexture.kv.tier;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;

/** Names, payloads and keys that tests share. */
final class TierTestValues {
    static final String TENANT = "0123456789abcdef0123456789abcdef";
    static final String OTHER_TENANT = "fedcba9876543210fedcba9876543210";
    static final String FINGERPRINT = "00112233aabbccdd";
    static final Scope SCOPE = new Scope(TENANT, FINGERPRINT);
    static final BlockForm FORM = new BlockForm(1, 15, 64, 16);
    static final int MASTER_ID = 7;

    private TierTestValues() {}

    static TierKey key(long block) {
        return new TierKey(SCOPE, 0xABCDEF00L, block, new BlockPart.Rows(1, 2));
    }

    static TierKey index(long block) {
        return new TierKey(SCOPE, 0xABCDEF00L, block, BlockPart.INDEX);
    }

    static StoredName name(TierKey key) {
        return new StoredName(key, FORM);
    }

    /** Bytes that belong to the key and to no other. */
    static byte[] payload(TierKey key, int bytes) {
        byte[] payload = new byte[bytes];
        new Random(key.hashCode()).nextBytes(payload);
        return payload;
    }

    static NewValue value(TierKey key, int firstToken, int bytes) {
        return new NewValue(name(key), firstToken, MemorySegment.ofArray(payload(key, bytes)));
    }

    static CheckedPayload checked(byte[] payload) {
        ByteBuffer buffer = ByteBuffer.allocate(StoredHeader.CHECKSUM_BYTES + payload.length);
        buffer.putInt(CheckedPayload.checksumOf(ByteBuffer.wrap(payload)));
        buffer.put(payload);
        return new CheckedPayload(buffer.array());
    }

    static byte[] master(int fill) {
        byte[] key = new byte[MasterKeys.KEY_BYTES];
        Arrays.fill(key, (byte) fill);
        return key;
    }

    static MasterKeys masters() {
        return new MasterKeys(Map.of(MASTER_ID, master(7)), MASTER_ID);
    }

    static SecureRandom random(long seed) {
        try {
            SecureRandom random = SecureRandom.getInstance("SHA1PRNG");
            random.setSeed(seed);
            return random;
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
