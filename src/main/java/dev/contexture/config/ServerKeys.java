package dev.contexture.config;

import dev.contexture.kv.tier.MasterKeys;
import dev.contexture.security.SecurityProperties;
import dev.contexture.session.TenantNamespaces;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;

/**
 * Secrets of the server, as long-lived as what is stored under them: given by the settings, or made once and kept in the data
 * directory, where only its owner can read them.
 *
 * @param tenantSecret from which the names of tenants derive
 */
@SuppressWarnings("ArrayRecordComponent")
record ServerKeys(byte[] tenantSecret, MasterKeys masterKeys) {
    private static final String OWNER_ONLY = "rw-------";

    /**
     * @throws InvalidSettingException if a given key is not what it should be
     */
    static ServerKeys of(SecurityProperties security, Path dataDirectory, SecureRandom random) {
        Path folder = dataDirectory.resolve("keys");
        try {
            byte[] tenantSecret = security.tenantSecret().isEmpty()
                    ? kept(folder.resolve("tenant-secret"), random)
                    : decoded(security.tenantSecret(), "contexture.security.tenant-secret");
            if (tenantSecret.length < TenantNamespaces.LEAST_SECRET_BYTES) {
                throw new IllegalArgumentException("contexture.security.tenant-secret must have at least "
                        + TenantNamespaces.LEAST_SECRET_BYTES + " bytes but has " + tenantSecret.length
                        + ": make one by 'openssl rand -base64 32'");
            }
            Map<Integer, byte[]> masterKeys = new HashMap<>();
            security.masterKeys()
                    .forEach((id, key) -> masterKeys.put(id, decoded(key, "contexture.security.master-keys." + id)));
            if (masterKeys.isEmpty()) {
                masterKeys.put(security.masterKeyId(), kept(folder.resolve("master-key"), random));
            }
            return new ServerKeys(tenantSecret, new MasterKeys(masterKeys, security.masterKeyId()));
        } catch (IllegalArgumentException e) {
            throw new InvalidSettingException(e);
        }
    }

    private static byte[] decoded(String base64, String setting) {
        try {
            return Base64.getDecoder().decode(base64);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(setting + " must be base64: " + e.getMessage(), e);
        }
    }

    /** Two processes that start at once on one folder agree on one. */
    private static byte[] kept(Path file, SecureRandom random) {
        try {
            Files.createDirectories(file.getParent());
            byte[] made = new byte[MasterKeys.KEY_BYTES];
            random.nextBytes(made);
            Path fresh = Files.createTempFile(
                    file.getParent(),
                    "key",
                    ".tmp",
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(OWNER_ONLY)));
            try {
                Files.write(fresh, made, StandardOpenOption.WRITE);
                Files.createLink(file, fresh);
            } catch (FileAlreadyExistsException e) {
                // Kept from an earlier start.
            } finally {
                Files.deleteIfExists(fresh);
            }
            byte[] key = Files.readAllBytes(file);
            if (key.length != MasterKeys.KEY_BYTES) {
                throw new IllegalArgumentException(file + " must have " + MasterKeys.KEY_BYTES + " bytes but has "
                        + key.length + ": restore it, or delete it and lose what was stored under it");
            }
            return key;
        } catch (NoSuchFileException e) {
            throw new UncheckedIOException("the data directory went away", e);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot keep keys in " + file.getParent(), e);
        }
    }
}
