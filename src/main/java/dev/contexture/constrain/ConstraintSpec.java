package dev.contexture.constrain;

import java.util.List;

/** What a text must be. */
public sealed interface ConstraintSpec {
    /** A JSON object. */
    record AnyObject() implements ConstraintSpec {}

    /**
     * A value of a JSON schema.
     *
     * @param json the schema
     */
    record Schema(String json) implements ConstraintSpec {}

    /**
     * One or more pieces behind each other, such as calls of tools.
     *
     * @param pieces of which each is one
     * @param separator between two
     * @param most pieces, at least 1
     */
    record Pieces(List<Piece> pieces, String separator, int most) implements ConstraintSpec {
        public Pieces {
            pieces = List.copyOf(pieces);
            if (pieces.isEmpty() || most < 1) {
                throw new IllegalArgumentException("at least one piece must be allowed");
            }
        }
    }

    /**
     * A value within fixed text.
     *
     * @param name for errors, such as the tool's
     * @param schema of the value, as JSON
     */
    record Piece(String name, String before, String schema, String after) {}
}
