package dev.contexture.session;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Under which names a tenant's sessions and blocks are stored: they derive from the tenant by a secret of the server, so that
 * nobody can name another's, and a store's keys tell no tenant. Safe for use by several threads.
 */
public final class TenantNamespaces {
    public static final int LEAST_SECRET_BYTES = 32;

    private static final String ALGORITHM = "HmacSHA256";
    private static final int NAMESPACE_BYTES = 16;

    private final SecretKeySpec secret;

    /**
     * @param secret as long-lived as what is stored, and the same in all replicas
     */
    public TenantNamespaces(byte[] secret) {
        if (secret.length < LEAST_SECRET_BYTES) {
            throw new IllegalArgumentException(
                    "the tenant secret needs at least " + LEAST_SECRET_BYTES + " bytes but has " + secret.length);
        }
        this.secret = new SecretKeySpec(secret, ALGORITHM);
    }

    /** 32 hexadecimal digits. */
    public String of(String tenant) {
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(secret);
            byte[] digest = mac.doFinal(tenant.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest, 0, NAMESPACE_BYTES);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has " + ALGORITHM, e);
        }
    }
}
