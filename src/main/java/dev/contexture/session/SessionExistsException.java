package dev.contexture.session;

/** One was to begin under an id that is taken. */
final class SessionExistsException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    SessionExistsException(String id) {
        super("there is a session " + id + " already");
    }
}
