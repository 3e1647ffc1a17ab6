package dev.contexture.kv.tier;

/** Why a value is not used; it is computed again. */
public enum RefusalReason {
    /** Shorter than a header, or than its header says, or longer. */
    LENGTH,
    /** Not a stored block. */
    MAGIC,
    /** Written by a version with another layout. */
    VERSION,
    /** Of another model, or of other settings that a block's bytes depend on. */
    FINGERPRINT,
    /** Of another tenant. */
    TENANT,
    /** Of another block, or of another part of it. */
    KEY,
    CODEC,
    GEOMETRY,
    TOKEN_COUNT,
    /** Sealed under a master key that is not configured any more. */
    KEY_UNKNOWN,
    /** The tenant's salt is gone, and with it the key. */
    ERASED,
    /** The tenant's salt cannot be read now. */
    SALT_UNAVAILABLE,
    /** Not what was sealed: a flipped bit, a forged header, or another key. */
    TAG,
    /** The payload is not what was put: memory or a codec is at fault. */
    CHECKSUM
}
