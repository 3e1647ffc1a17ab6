package dev.contexture.session;

import dev.contexture.kv.tier.Scope;
import dev.contexture.kv.tier.TierUse;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Under which names a tenant's blocks are stored: namespaces derive from the tenant by a secret of the server, so that nobody
 * can name another's.
 */
public final class TierScopes {
    private static final String ALGORITHM = "HmacSHA256";
    private static final int NAMESPACE_BYTES = 16;

    private final SecretKeySpec secret;
    private final String fingerprint;

    /**
     * @param secret at least 32 bytes
     * @param fingerprint of everything that a block's bytes depend on but its tokens
     */
    public TierScopes(byte[] secret, String fingerprint) {
        if (secret.length < 32) {
            throw new IllegalArgumentException("the secret needs at least 32 bytes but has " + secret.length);
        }
        this.secret = new SecretKeySpec(secret, ALGORITHM);
        this.fingerprint = fingerprint;
    }

    /** For a request that belongs to no session. */
    TierUse of(String tenant) {
        return new TierUse(new Scope(namespace(tenant), fingerprint), "", "", 0);
    }

    private String namespace(String tenant) {
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
