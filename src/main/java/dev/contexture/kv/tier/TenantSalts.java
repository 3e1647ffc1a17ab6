package dev.contexture.kv.tier;

/**
 * A random salt per tenant, kept where the sealed values are not lost together with it. A tenant's key derives from it, so a
 * salt that is gone makes everything unreadable that was sealed for the tenant, wherever copies of it lie.
 *
 * <p>Called on threads that seal and open, never on the step loop; a call may block, for a bounded time. Safe for use by
 * several threads.
 */
public interface TenantSalts {
    int SALT_BYTES = 32;

    /** What came of asking for a salt. */
    sealed interface Salt {
        @SuppressWarnings("ArrayRecordComponent")
        record Known(byte[] bytes) implements Salt {}

        record Absent() implements Salt {}

        record Unavailable() implements Salt {}
    }

    Salt find(String namespace);

    /** The same, but makes one of {@link #SALT_BYTES} random bytes if there is none; all who ask at once get the same. */
    Salt findOrCreate(String namespace);

    /**
     * @return whether it is gone for certain
     */
    boolean erase(String namespace);
}
