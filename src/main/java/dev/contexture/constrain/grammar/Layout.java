package dev.contexture.constrain.grammar;

import dev.contexture.constrain.automaton.LiteralDfa;
import dev.contexture.constrain.automaton.TableDfa;
import dev.contexture.constrain.automaton.Work;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The space between JSON's marks: as models write it, and bounded, so that none goes on for ever. Behind a bracket or comma and
 * before a closing bracket nothing, one space or one line break with an indent; behind a colon nothing or one space.
 */
public final class Layout {
    private static final int MOST_SPACES = 40;
    private static final int MOST_TABS = 10;

    static final Item OPEN_OBJECT = spaced("{", "");
    static final Item OPEN_ARRAY = spaced("[", "");
    static final Item COMMA = spaced(",", "");
    static final Item CLOSE_OBJECT = spaced("", "}");
    static final Item CLOSE_ARRAY = spaced("", "]");
    static final Item CLOSE_EMPTY_OBJECT = new Item.Lexeme(new LiteralDfa("}"));
    static final Item CLOSE_EMPTY_ARRAY = new Item.Lexeme(new LiteralDfa("]"));
    /** Behind a key. */
    public static final Item COLON = new Item.Lexeme(TableDfa.ofTexts(List.of(bytes(":"), bytes(": ")), new Work()));

    private Layout() {}

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static Item spaced(String before, String behind) {
        List<byte[]> texts = new ArrayList<>(List.of(bytes(before + behind), bytes(before + " " + behind)));
        for (int spaces = 0; spaces <= MOST_SPACES; spaces++) {
            texts.add(bytes(before + "\n" + " ".repeat(spaces) + behind));
        }
        for (int tabs = 1; tabs <= MOST_TABS; tabs++) {
            texts.add(bytes(before + "\n" + "\t".repeat(tabs) + behind));
        }
        return new Item.Lexeme(TableDfa.ofTexts(texts, new Work()));
    }
}
