package dev.contexture.api;

/** The request names a model that is not served here. */
class UnknownModelException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    UnknownModelException(String asked, String served) {
        super("The model '" + asked + "' does not exist here; this service has '" + served + "'.");
    }
}
