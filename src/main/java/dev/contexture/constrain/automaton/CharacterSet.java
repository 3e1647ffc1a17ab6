package dev.contexture.constrain.automaton;

import java.util.List;

/**
 * A set of characters that dialects of regular expressions may differ on.
 *
 * @param inner those that all dialects take it for
 * @param outer those that one does at least
 */
record CharacterSet(CodePoints inner, CodePoints outer) {
    /** On which all agree. */
    static CharacterSet of(CodePoints set) {
        return new CharacterSet(set, set);
    }

    static CharacterSet union(List<CharacterSet> sets) {
        return new CharacterSet(
                CodePoints.union(sets.stream().map(CharacterSet::inner).toList()),
                CodePoints.union(sets.stream().map(CharacterSet::outer).toList()));
    }

    CharacterSet not() {
        return new CharacterSet(outer.not(), inner.not());
    }

    CodePoints of(Strings.Side side) {
        return side == Strings.Side.INNER ? inner : outer;
    }
}
