package dev.contexture.model.template;

/** A chat template that cannot be parsed or rendered; the message names the line where it is known. */
public class TemplateException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public TemplateException(String message) {
        super(message);
    }

    TemplateException(int line, String message) {
        super("template line " + line + ": " + message);
    }

    TemplateException(int line, EvaluationException cause) {
        super("template line " + line + ": " + cause.getMessage(), cause);
    }

    /** The template itself refused the conversation by {@code raise_exception}; the message is meant for the client. */
    public static class Raised extends TemplateException {
        private static final long serialVersionUID = 1L;

        public Raised(String message) {
            super(message);
        }
    }
}
