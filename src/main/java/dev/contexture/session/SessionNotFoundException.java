package dev.contexture.session;

/** The tenant has no session of this id: it never had one, it expired, or it was deleted. */
public final class SessionNotFoundException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public SessionNotFoundException(String id) {
        super("there is no session '" + id + "': it was never made, has expired or was deleted; create one by POST"
                + " /v1/sessions");
    }
}
