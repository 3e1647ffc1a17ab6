package dev.contexture.constrain.schema;

import dev.contexture.constrain.automaton.Strings;
import dev.contexture.constrain.automaton.Work;
import java.util.Collection;
import java.util.List;

/** What the parts of one compilation share. */
final class Compilation {
    private final Work work;
    private final SchemaDocument document;
    private final Patterns patterns;
    private final Cases cases;
    private final Values values;
    private final Values possible;

    Compilation(SchemaDocument document, Work work) {
        this.work = work;
        this.document = document;
        this.patterns = new Patterns(work);
        this.cases = new Cases(this);
        this.values = new Values(this, Strings.Side.INNER);
        this.possible = new Values(this, Strings.Side.OUTER);
    }

    Work work() {
        return work;
    }

    SchemaDocument document() {
        return document;
    }

    Patterns patterns() {
        return patterns;
    }

    Cases cases() {
        return cases;
    }

    /** Tells what is of schemas for certain. */
    Values values() {
        return values;
    }

    /** Tells what may be of schemas. */
    Values possible() {
        return possible;
    }

    /** Steps that a list of places takes which is kept: paths may be long. */
    static long copying(Collection<SchemaNode> nodes) {
        return 1
                + nodes.stream().mapToLong(node -> 1 + node.path().length() / 8).sum();
    }

    /** What schemas say together, of which {@link Cases} were made before. */
    Shape shape(List<SchemaNode> leaves) {
        work.charge(copying(leaves));
        return new Shape(leaves, this);
    }
}
