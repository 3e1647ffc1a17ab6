package dev.contexture.config;

/** A setting that does not fit the machine, the model or another setting; the message says which and how. */
public class InvalidSettingException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    InvalidSettingException(IllegalArgumentException cause) {
        super(cause.getMessage(), cause);
    }
}
