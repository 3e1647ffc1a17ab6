package dev.contexture.constrain.grammar;

import org.jspecify.annotations.Nullable;

/** What must follow: an item, then what the next cell says. One object for each such list. */
final class Cell {
    final Item item;
    /** Null: the text ends. */
    final @Nullable Cell next;
    /** Arrays and objects that are open where the item begins. */
    final int depth;

    private @Nullable State begun;

    Cell(Item item, @Nullable Cell next, int depth) {
        this.item = item;
        this.next = next;
        this.depth = depth;
    }

    /** The state in which the item begins, once it is known. */
    @Nullable
    State begun() {
        return begun;
    }

    State begins(State state) {
        begun = state;
        return state;
    }
}
