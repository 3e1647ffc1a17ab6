package dev.contexture.session.responses;

/** The tenant has no response of this id: it never had one, it was not stored, it expired, or it was deleted. */
public final class ResponseNotFoundException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public ResponseNotFoundException(String id) {
        super("there is no response '" + id
                + "': it was never made, not stored, has expired, was deleted, or went to make room"
                + " for newer ones");
    }
}
