package dev.contexture.session;

/** A session's record is not what was written: it cannot be gone on with. */
public final class DamagedSessionException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public DamagedSessionException(String message) {
        super(message);
    }
}
