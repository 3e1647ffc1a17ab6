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
     * @param before in front of the first
     * @param pieces of which each is one
     * @param separator between two
     * @param after behind the last
     * @param most pieces, at least 1
     */
    record Pieces(String before, List<Piece> pieces, String separator, String after, int most)
            implements ConstraintSpec {
        /** With nothing around them. */
        public Pieces(List<Piece> pieces, String separator, int most) {
            this("", pieces, separator, "", most);
        }

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

    /** One of several. */
    record Either(List<ConstraintSpec> options) implements ConstraintSpec {
        public Either {
            options = List.copyOf(options);
            if (options.isEmpty()) {
                throw new IllegalArgumentException("at least one option must be allowed");
            }
        }

        @Override
        public long characters() {
            return options.stream().mapToLong(ConstraintSpec::characters).sum();
        }
    }

    /**
     * An answer, and in front of it a thought that may be anything.
     *
     * @param open begins a thought
     * @param close ends it; behind it white space may come
     * @param isOpen whether the text begins within a thought; if not, there may be none
     */
    record AfterThought(String open, String close, boolean isOpen, ConstraintSpec answer) implements ConstraintSpec {
        @Override
        public long characters() {
            return answer.characters();
        }
    }
}
