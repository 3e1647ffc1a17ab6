package dev.contexture.constrain;

import java.util.List;

/** What a text must be. */
public sealed interface ConstraintSpec {
    /** The length of all its texts. */
    long characters();

    /** A JSON object. */
    record AnyObject() implements ConstraintSpec {
        @Override
        public long characters() {
            return 0;
        }
    }

    /**
     * A value of a JSON schema.
     *
     * @param json the schema
     */
    record Schema(String json) implements ConstraintSpec {
        @Override
        public long characters() {
            return json.length();
        }
    }

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

        @Override
        public long characters() {
            return pieces.stream()
                    .mapToLong(piece -> piece.before.length() + piece.schema.length() + piece.after.length())
                    .sum();
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
