package dev.contexture.session;

/** The right to the session was lost while its turn ran: nothing of the turn was kept. */
public final class SessionTakenOverException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public SessionTakenOverException(String id) {
        super("session '" + id + "' was taken over by another replica, or deleted, while this turn ran: nothing of it"
                + " was kept");
    }
}
