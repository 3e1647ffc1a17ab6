package dev.contexture.api;

/** The request names a model that is not served here. */
class UnknownModelException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private UnknownModelException(String message) {
        super(message);
    }

    static UnknownModelException noEmbeddings() {
        return new UnknownModelException("This service has no embedding model (contexture.embedding.model is none).");
    }

    UnknownModelException(String asked, String served) {
        this("The model '" + asked + "' does not exist here; this service has '" + served + "'.");
    }
}
