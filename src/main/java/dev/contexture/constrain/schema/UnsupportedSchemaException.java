package dev.contexture.constrain.schema;

/** A schema is none, or asks for what cannot be promised. */
public final class UnsupportedSchemaException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String path;

    /**
     * @param path of the keyword in the schema, as a JSON pointer behind #
     * @param message what is wrong and what to do
     */
    public UnsupportedSchemaException(String path, String message) {
        super(path + ": " + message);
        this.path = path;
    }

    public String path() {
        return path;
    }
}
