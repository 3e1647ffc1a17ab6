package dev.contexture.session.responses;

/** There is nothing to go on from at the response that a request names. */
public final class PreviousResponseException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String code;

    private PreviousResponseException(String message, String code) {
        super(message);
        this.code = code;
    }

    static PreviousResponseException notFound(String id) {
        return new PreviousResponseException(
                "there is no response '" + id
                        + "' to go on from: it was never made, not stored, has expired, was deleted,"
                        + " or went to make room for newer ones",
                "previous_response_not_found");
    }

    static PreviousResponseException ofStatus(Response response) {
        return new PreviousResponseException(
                "the response '" + response.id() + "' has no answer to go on from: its status is "
                        + ResponseEndedException.name(response.status()),
                "invalid_value");
    }

    static PreviousResponseException ofSession(Response response, String session) {
        return new PreviousResponseException(
                "the response '" + response.id() + "' was a turn of the session '" + session
                        + "': go on by session_id, or fork that session",
                "invalid_value");
    }

    public String code() {
        return code;
    }
}
