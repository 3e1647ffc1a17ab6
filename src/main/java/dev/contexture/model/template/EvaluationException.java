package dev.contexture.model.template;

/** A failure while a template is rendered, before the line is known; never leaves the package. */
final class EvaluationException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    EvaluationException(String message) {
        super(message);
    }
}
