package dev.contexture.session.responses;

/** A response is larger than what is kept of one. */
final class RecordTooLargeException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    RecordTooLargeException(int bytes, int most) {
        super("the response has " + bytes + " bytes, but at most " + most + " are kept");
    }
}
