package dev.contexture.scheduler;

/** New work came after draining had begun. */
public class ShuttingDownException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public ShuttingDownException() {
        super("the service is shutting down and takes no new requests");
    }
}
