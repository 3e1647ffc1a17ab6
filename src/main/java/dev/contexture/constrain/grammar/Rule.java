package dev.contexture.constrain.grammar;

import dev.contexture.constrain.automaton.Work;
import java.util.Collection;

/** A part that is said elsewhere, and may so hold itself. Equal to itself alone. */
public final class Rule implements Item {
    private Item body = Choice.NONE;
    private int height = ENDLESS;

    public void define(Item meaning) {
        body = meaning;
    }

    Item body() {
        return body;
    }

    @Override
    public int height() {
        return height;
    }

    /** Works out the heights of all rules that name each other; each round fixes at least one. */
    public static void solve(Collection<Rule> rules, Work work) {
        boolean changed = true;
        while (changed) {
            changed = false;
            for (Rule rule : rules) {
                work.charge(rule.body.weight());
                int height = rule.body.height();
                changed |= height != rule.height;
                rule.height = height;
            }
        }
    }
}
