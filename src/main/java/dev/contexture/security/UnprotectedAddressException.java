package dev.contexture.security;

/** The service was asked to listen beyond loopback without keys. */
public class UnprotectedAddressException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public UnprotectedAddressException(String message) {
        super(message);
    }
}
