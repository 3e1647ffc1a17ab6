package dev.contexture.session;

/** Something was said behind the point that a turn wanted to go on from. */
public final class SessionMovedOnException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public SessionMovedOnException(String id, String mark) {
        super("session '" + id + "' does not end at '" + mark + "' any more");
    }
}
