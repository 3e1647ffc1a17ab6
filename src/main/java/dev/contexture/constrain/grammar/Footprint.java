package dev.contexture.constrain.grammar;

import dev.contexture.constrain.automaton.Dfa;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** The memory of a grammar. */
public final class Footprint {
    private static final long BYTES_OF_ITEM = 64;

    private Footprint() {}

    /** Bytes of all that is reached, about. */
    public static long of(Item root) {
        Set<Object> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        Deque<Item> open = new ArrayDeque<>(List.of(root));
        long bytes = 0;
        while (!open.isEmpty()) {
            Item item = open.removeLast();
            if (!seen.add(item)) {
                continue;
            }
            bytes += BYTES_OF_ITEM;
            switch (item) {
                case Item.Lexeme lexeme -> {
                    Dfa dfa = lexeme.dfa();
                    bytes += seen.add(dfa) ? dfa.bytes() : 0;
                }
                case Item.Sequence sequence -> open.addAll(sequence.parts());
                case Item.Choice choice -> open.addAll(choice.options());
                case Rule rule -> open.add(rule.body());
                case JsonArray array -> open.addAll(array.items());
                case JsonObject object ->
                    Stream.concat(object.properties().stream(), object.others().stream())
                            .forEach(property -> {
                                open.add(property.key());
                                open.add(property.value());
                            });
                case JsonObject.Rest rest -> open.add(rest.object());
                case JsonArray.Rest rest -> open.add(rest.array());
            }
        }
        return bytes;
    }
}
