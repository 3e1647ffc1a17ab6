package dev.contexture.kv.tier;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Optional;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;

/**
 * Makes values fit to leave the process, and takes back only what it can tell is the value that was asked for. Safe for use by
 * several threads, none of which may be the step loop: keys may have to be fetched.
 */
public final class BlockSealer {
    private final TenantKeys keys;
    private final SecureRandom random;

    public BlockSealer(TenantKeys keys, SecureRandom random) {
        this.keys = keys;
        this.random = random;
    }

    /** Most often the value, else why there is none: memory at fault, or no key. */
    SealResult seal(StoredName name, CheckedPayload payload) {
        if (!payload.isIntact()) {
            return new SealResult.Refused(RefusalReason.CHECKSUM);
        }
        return switch (keys.toSeal(name.key().scope().namespace())) {
            case TenantKeys.Found.None none -> new SealResult.Refused(none.reason());
            case TenantKeys.Found.Key found -> seal(name, payload, found.key());
        };
    }

    private SealResult seal(StoredName name, CheckedPayload payload, TenantKey key) {
        byte[] nonce = new byte[StoredHeader.NONCE_BYTES];
        random.nextBytes(nonce);
        byte[] header = StoredHeader.encode(name, keys.currentId(), payload.size(), nonce);
        ByteBuffer value = ByteBuffer.allocate(StoredHeader.OVERHEAD_BYTES + payload.size());
        value.put(header);
        try {
            Cipher cipher = key.cipher(Cipher.ENCRYPT_MODE, nonce);
            cipher.updateAAD(header);
            cipher.doFinal(ByteBuffer.wrap(payload.bytes()), value);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("sealing a value of " + payload.size() + " bytes failed", e);
        }
        return new SealResult.Passed(value.flip(), payload.checksum());
    }

    /** The payload, if the value is the one that the name says and nobody changed it. */
    SealResult open(StoredName name, ByteBuffer value) {
        if (value.remaining() < StoredHeader.OVERHEAD_BYTES) {
            return new SealResult.Refused(RefusalReason.LENGTH);
        }
        byte[] header = new byte[StoredHeader.BYTES];
        value.get(value.position(), header);
        Optional<RefusalReason> refusal = StoredHeader.refusal(header, name, value.remaining());
        if (refusal.isPresent()) {
            return new SealResult.Refused(refusal.get());
        }
        return switch (keys.toOpen(name.key().scope().namespace(), StoredHeader.masterKeyId(header))) {
            case TenantKeys.Found.None none -> new SealResult.Refused(none.reason());
            case TenantKeys.Found.Key found -> open(header, value, found.key());
        };
    }

    private static SealResult open(byte[] header, ByteBuffer value, TenantKey key) {
        byte[] plain = new byte[value.remaining() - StoredHeader.BYTES - StoredHeader.TAG_BYTES];
        try {
            Cipher cipher = key.cipher(Cipher.DECRYPT_MODE, StoredHeader.nonce(header));
            cipher.updateAAD(header);
            ByteBuffer enciphered =
                    value.slice(value.position() + StoredHeader.BYTES, value.remaining() - StoredHeader.BYTES);
            cipher.doFinal(enciphered, ByteBuffer.wrap(plain));
        } catch (AEADBadTagException e) {
            return new SealResult.Refused(RefusalReason.TAG);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("opening a value of " + value.remaining() + " bytes failed", e);
        }
        CheckedPayload payload = new CheckedPayload(plain);
        return payload.isIntact()
                ? new SealResult.Passed(payload.payload(), payload.checksum())
                : new SealResult.Refused(RefusalReason.CHECKSUM);
    }

    /** See {@link TenantKeys#erase}. */
    boolean erase(String namespace) {
        return keys.erase(namespace);
    }
}
