package dev.contexture.session;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.KDF;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.HKDFParameterSpec;

/**
 * Conversations at rest: AES-256-GCM under a key per tenant (HKDF-SHA256 of the server's secret). The record's name is authenticated
 * with it, so a record of another session or tenant does not open in its place.
 *
 * <p>Layout: version (1 byte), nonce (12), sealed bytes, tag (16). A session is written once per turn, so random nonces do not
 * run out.
 */
public final class SessionSealer {
    private static final byte VERSION = 1;
    private static final int NONCE_BYTES = 12;
    private static final int TAG_BITS = 128;
    private static final int KEY_BYTES = 32;

    private final byte[] secret;
    private final SecureRandom random;

    /**
     * @param secret at least {@link TenantNamespaces#LEAST_SECRET_BYTES}
     */
    public SessionSealer(byte[] secret, SecureRandom random) {
        if (secret.length < TenantNamespaces.LEAST_SECRET_BYTES) {
            throw new IllegalArgumentException("the secret needs at least " + TenantNamespaces.LEAST_SECRET_BYTES
                    + " bytes but has " + secret.length);
        }
        this.secret = secret.clone();
        this.random = random;
    }

    /** Under a name that is authenticated with it. */
    public byte[] seal(String namespace, String id, byte[] record) {
        byte[] nonce = new byte[NONCE_BYTES];
        random.nextBytes(nonce);
        try {
            Cipher cipher = cipher(Cipher.ENCRYPT_MODE, namespace, id, nonce);
            byte[] sealed = cipher.doFinal(record);
            return ByteBuffer.allocate(1 + NONCE_BYTES + sealed.length)
                    .put(VERSION)
                    .put(nonce)
                    .put(sealed)
                    .array();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has AES-GCM and HKDF", e);
        }
    }

    /**
     * @throws DamagedSessionException if the bytes are not what was sealed under this name
     */
    public byte[] open(String namespace, String id, byte[] sealed) {
        if (sealed.length < 1 + NONCE_BYTES + TAG_BITS / Byte.SIZE || sealed[0] != VERSION) {
            throw new DamagedSessionException("the record of " + id + " has an unknown version or is cut off");
        }
        byte[] nonce = Arrays.copyOfRange(sealed, 1, 1 + NONCE_BYTES);
        try {
            Cipher cipher = cipher(Cipher.DECRYPT_MODE, namespace, id, nonce);
            return cipher.doFinal(sealed, 1 + NONCE_BYTES, sealed.length - 1 - NONCE_BYTES);
        } catch (AEADBadTagException e) {
            throw new DamagedSessionException("the record of " + id + " was changed, or sealed under another secret");
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has AES-GCM and HKDF", e);
        }
    }

    private Cipher cipher(int mode, String namespace, String id, byte[] nonce) throws GeneralSecurityException {
        SecretKey key = KDF.getInstance("HKDF-SHA256")
                .deriveKey(
                        "AES",
                        HKDFParameterSpec.ofExtract()
                                .addIKM(secret)
                                .thenExpand(text("contexture session records " + namespace), KEY_BYTES));
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(mode, key, new GCMParameterSpec(TAG_BITS, nonce));
        cipher.updateAAD(new byte[] {VERSION});
        cipher.updateAAD(text(namespace + "/" + id));
        return cipher;
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
