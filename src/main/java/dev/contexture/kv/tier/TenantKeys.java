package dev.contexture.kv.tier;

import dev.contexture.kv.tier.TenantSalts.Salt;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import javax.crypto.KDF;
import javax.crypto.SecretKey;
import javax.crypto.spec.HKDFParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Keys of tenants: HKDF-SHA256 of a master key, with the tenant's salt, for the tenant's namespace. Derived keys are remembered for
 * a minute, so a salt that another process erased is of use here no longer than that. Safe for use by several threads.
 */
public final class TenantKeys {
    private static final int REMEMBERED_MOST = 1_024;
    private static final long REMEMBERED_NANOS = 60_000_000_000L;
    private static final String PURPOSE = "contexture stored block 1 ";

    private final MasterKeys masters;
    private final TenantSalts salts;
    private final LongSupplier nanos;
    private final Map<Name, Derived> remembered = new LinkedHashMap<>();

    private record Name(String namespace, int masterKeyId) {}

    private record Derived(TenantKey key, long atNanos) {}

    /** What came of asking for a key. */
    sealed interface Found {
        record Key(TenantKey key) implements Found {}

        record None(RefusalReason reason) implements Found {}
    }

    /**
     * @param nanos a monotonic clock
     */
    public TenantKeys(MasterKeys masters, TenantSalts salts, LongSupplier nanos) {
        this.masters = masters;
        this.salts = salts;
        this.nanos = nanos;
    }

    int currentId() {
        return masters.currentId();
    }

    Found toSeal(String namespace) {
        return find(namespace, masters.currentId(), true);
    }

    Found toOpen(String namespace, int masterKeyId) {
        return find(namespace, masterKeyId, false);
    }

    /**
     * Makes everything unreadable that was sealed for the tenant. Nothing of the tenant may be in the course of being sealed.
     *
     * @return whether the salt is gone for certain
     */
    boolean erase(String namespace) {
        boolean erased = salts.erase(namespace);
        synchronized (remembered) {
            remembered.keySet().removeIf(name -> name.namespace.equals(namespace));
        }
        return erased;
    }

    private Found find(String namespace, int masterKeyId, boolean create) {
        byte[] master = masters.find(masterKeyId).orElse(null);
        if (master == null) {
            return new Found.None(RefusalReason.KEY_UNKNOWN);
        }
        Name name = new Name(namespace, masterKeyId);
        TenantKey known = recall(name);
        if (known != null) {
            return new Found.Key(known);
        }
        return switch (create ? salts.findOrCreate(namespace) : salts.find(namespace)) {
            case Salt.Known salt -> new Found.Key(remember(name, derive(master, salt.bytes(), namespace)));
            case Salt.Absent absent -> new Found.None(RefusalReason.ERASED);
            case Salt.Unavailable unavailable -> new Found.None(RefusalReason.SALT_UNAVAILABLE);
        };
    }

    private @Nullable TenantKey recall(Name name) {
        synchronized (remembered) {
            Derived derived = remembered.get(name);
            return derived != null && nanos.getAsLong() - derived.atNanos < REMEMBERED_NANOS ? derived.key : null;
        }
    }

    private TenantKey remember(Name name, TenantKey key) {
        synchronized (remembered) {
            remembered.remove(name);
            if (remembered.size() >= REMEMBERED_MOST) {
                remembered.remove(remembered.keySet().iterator().next());
            }
            remembered.put(name, new Derived(key, nanos.getAsLong()));
        }
        return key;
    }

    private static TenantKey derive(byte[] master, byte[] salt, String namespace) {
        try {
            SecretKey key = KDF.getInstance("HKDF-SHA256")
                    .deriveKey(
                            "AES",
                            HKDFParameterSpec.ofExtract()
                                    .addIKM(new SecretKeySpec(master, "HKDF"))
                                    .addSalt(salt)
                                    .thenExpand(
                                            (PURPOSE + namespace).getBytes(StandardCharsets.US_ASCII),
                                            MasterKeys.KEY_BYTES));
            return new TenantKey(key);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK since 25 has HKDF-SHA256", e);
        }
    }
}
