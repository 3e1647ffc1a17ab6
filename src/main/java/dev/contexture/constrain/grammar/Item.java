package dev.contexture.constrain.grammar;

import dev.contexture.constrain.automaton.Dfa;
import java.util.List;

/** A part of a grammar: what a text may go on with. Its height is how many arrays and objects it must open within each other. */
public sealed interface Item
        permits Item.Lexeme, Item.Sequence, Item.Choice, Rule, JsonObject, JsonArray, JsonObject.Rest, JsonArray.Rest {
    /** Of what no text ends. */
    int ENDLESS = Integer.MAX_VALUE;

    /** At least so many arrays and objects within each other; {@link #ENDLESS} if no finite text is one. */
    int height();

    /** Of how many parts its height is worked out. */
    default int weight() {
        return 1;
    }

    /** A text of an automaton. */
    record Lexeme(Dfa dfa) implements Item {
        @Override
        public int height() {
            return 0;
        }
    }

    /** One behind the other. Compared by identity. */
    final class Sequence implements Item {
        private final List<Item> parts;

        public Sequence(List<Item> parts) {
            this.parts = List.copyOf(parts);
        }

        List<Item> parts() {
            return parts;
        }

        @Override
        public int weight() {
            return 1 + parts.size();
        }

        @Override
        public int height() {
            return parts.stream().mapToInt(Item::height).max().orElse(0);
        }
    }

    /** One of them; none: no text. Compared by identity. */
    final class Choice implements Item {
        public static final Choice NONE = new Choice(List.of());

        private final List<Item> options;

        public Choice(List<Item> options) {
            this.options = List.copyOf(options);
        }

        List<Item> options() {
            return options;
        }

        @Override
        public int weight() {
            return 1 + options.stream().mapToInt(Item::weight).sum();
        }

        @Override
        public int height() {
            return options.stream().mapToInt(Item::height).min().orElse(ENDLESS);
        }
    }

    /** Of something that holds a thing of such a height. */
    static int above(int height) {
        return height == ENDLESS ? ENDLESS : height + 1;
    }
}
