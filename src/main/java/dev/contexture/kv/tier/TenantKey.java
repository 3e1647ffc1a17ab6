package dev.contexture.kv.tier;

import java.security.GeneralSecurityException;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * A tenant's key under one master key, used as XAES-256-GCM (C2SP): the first half of a random nonce of 192 bits chooses the
 * AES-256-GCM key of the value, the second half is the nonce under that key. With random nonces, AES-GCM itself must not seal
 * more than 2^32 values under a key (NIST SP 800-38D, 8.3); this way it may be 2^80, which nobody has to count.
 */
final class TenantKey {
    private static final int BLOCK_BYTES = 16;
    private static final int HALF_NONCE_BYTES = StoredHeader.NONCE_BYTES / 2;

    private final SecretKey key;
    private final byte[] subkey;

    TenantKey(SecretKey key) {
        this.key = key;
        try {
            this.subkey = doubled(ecb().doFinal(new byte[BLOCK_BYTES]));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has AES", e);
        }
    }

    /** Ready to seal or to open a value: the header is still to be given as associated data. */
    Cipher cipher(int mode, byte[] nonce) throws GeneralSecurityException {
        Cipher ecb = ecb();
        byte[] valueKey = new byte[2 * BLOCK_BYTES];
        for (int half = 0; half < 2; half++) {
            byte[] block = new byte[BLOCK_BYTES];
            block[1] = (byte) (half + 1);
            block[2] = 'X';
            System.arraycopy(nonce, 0, block, BLOCK_BYTES - HALF_NONCE_BYTES, HALF_NONCE_BYTES);
            for (int i = 0; i < BLOCK_BYTES; i++) {
                block[i] ^= subkey[i];
            }
            ecb.doFinal(block, 0, BLOCK_BYTES, valueKey, half * BLOCK_BYTES);
        }
        Cipher gcm = Cipher.getInstance("AES/GCM/NoPadding");
        gcm.init(
                mode,
                new SecretKeySpec(valueKey, "AES"),
                new GCMParameterSpec(
                        Byte.SIZE * StoredHeader.TAG_BYTES,
                        Arrays.copyOfRange(nonce, HALF_NONCE_BYTES, StoredHeader.NONCE_BYTES)));
        return gcm;
    }

    @SuppressWarnings("InsecureCryptoUsage") // single blocks as the CMAC of the construction wants them, no message
    private Cipher ecb() throws GeneralSecurityException {
        Cipher ecb = Cipher.getInstance("AES/ECB/NoPadding");
        ecb.init(Cipher.ENCRYPT_MODE, key);
        return ecb;
    }

    /** Doubling in GF(2^128): the first subkey of CMAC (RFC 4493, 2.3). */
    private static byte[] doubled(byte[] block) {
        byte[] result = new byte[BLOCK_BYTES];
        for (int i = 0; i < BLOCK_BYTES; i++) {
            int next = i + 1 < BLOCK_BYTES ? (block[i + 1] & 0xff) >>> 7 : 0;
            result[i] = (byte) (block[i] << 1 | next);
        }
        if (block[0] < 0) {
            result[BLOCK_BYTES - 1] ^= (byte) 0x87;
        }
        return result;
    }
}
