package dev.contexture.constrain.schema;

import dev.contexture.constrain.automaton.Numbers;
import dev.contexture.constrain.automaton.Strings;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Whether values that a schema lists are what it asks for besides, and how they are written. */
final class Values {
    private final Compilation compilation;
    private final Strings.Side side;
    /** Whether values are of schemas at some places, by both. */
    private final Map<Place, Boolean> known = new HashMap<>();

    /**
     * @param side inner: whether all dialects and validators take a value; outer: whether one does
     */
    Values(Compilation compilation, Strings.Side side) {
        this.compilation = compilation;
        this.side = side;
    }

    /** A value itself, as a part of the document: telling whether it equals another would walk through it. */
    private record Place(List<String> paths, Same value) {}

    private record Same(Object value) {
        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Same same && value == same.value;
        }

        @Override
        public int hashCode() {
            return System.identityHashCode(value);
        }
    }

    boolean admits(Collection<SchemaNode> nodes, JsonNode value) {
        List<List<SchemaNode>> cases = compilation.cases().of(nodes);
        Place place = new Place(nodes.stream().map(SchemaNode::path).toList(), new Same(value));
        Boolean found = known.get(place);
        if (found == null) {
            found = cases.stream().anyMatch(leaves -> admits(compilation.shape(leaves), value));
            known.put(place, found);
        }
        return found;
    }

    boolean admits(Shape shape, JsonNode value) {
        compilation.work().charge(1);
        Kind kind = kind(value);
        boolean listed = shape.values()
                .map(values -> Shape.isAmong(values, value, compilation.work()))
                .orElse(true);
        return listed
                && shape.kinds().contains(kind)
                && switch (kind) {
                    case NULL, BOOLEAN -> true;
                    case INTEGER, FRACTION -> isWithin(shape.range(), value.decimalValue());
                    case STRING ->
                        shape.strings(side)
                                .filter(dfa -> dfa.matches(quotedBytes(value.stringValue())))
                                .isPresent();
                    case ARRAY -> isArray(shape, value);
                    case OBJECT -> isObject(shape, value);
                };
    }

    private static Kind kind(JsonNode value) {
        if (value.isNumber()) {
            return value.decimalValue().stripTrailingZeros().scale() > 0 ? Kind.FRACTION : Kind.INTEGER;
        }
        return value.isObject()
                ? Kind.OBJECT
                : value.isArray()
                        ? Kind.ARRAY
                        : value.isString() ? Kind.STRING : value.isBoolean() ? Kind.BOOLEAN : Kind.NULL;
    }

    private byte[] quotedBytes(String text) {
        compilation.work().charge(text.length());
        return Strings.quoted(text);
    }

    static boolean isWithin(Numbers.Range range, BigDecimal value) {
        BigDecimal least = range.least();
        BigDecimal most = range.most();
        BigDecimal multiple = range.multiple();
        boolean above = least == null || value.compareTo(least) >= (range.leastExcluded() ? 1 : 0);
        boolean below = most == null || value.compareTo(most) <= (range.mostExcluded() ? -1 : 0);
        return above && below && (multiple == null || value.remainder(multiple).signum() == 0);
    }

    private boolean isArray(Shape shape, JsonNode array) {
        if (array.size() < shape.leastItems() || array.size() > shape.mostItems()) {
            return false;
        }
        for (int i = 0; i < array.size(); i++) {
            if (!admits(shape.item(i), array.get(i))) {
                return false;
            }
        }
        return true;
    }

    private boolean isObject(Shape shape, JsonNode object) {
        boolean counts = object.size() >= shape.leastProperties() && object.size() <= shape.mostProperties();
        return counts
                && shape.required().stream().allMatch(object::has)
                && object.properties().stream()
                        .allMatch(entry -> admits(shape.property(entry.getKey(), side), entry.getValue())
                                && isKey(shape, entry.getKey()));
    }

    boolean isKey(Shape shape, String name) {
        List<SchemaNode> names = shape.propertyNames();
        return names.isEmpty() || admits(names, tools.jackson.databind.node.StringNode.valueOf(name));
    }

    /** All ways to write a value that are allowed: without spaces, and with one behind commas and colons. */
    static Set<String> written(JsonNode value) {
        return new LinkedHashSet<>(List.of(written(value, ""), written(value, " ")));
    }

    private static String written(JsonNode value, String space) {
        StringBuilder text = new StringBuilder();
        if (value.isObject()) {
            value.properties()
                    .forEach(entry -> text.append(text.isEmpty() ? "{" : "," + space)
                            .append(quoted(entry.getKey()))
                            .append(':')
                            .append(space)
                            .append(written(entry.getValue(), space)));
            return text.isEmpty() ? "{}" : text.append('}').toString();
        }
        if (value.isArray()) {
            value.values()
                    .forEach(element ->
                            text.append(text.isEmpty() ? "[" : "," + space).append(written(element, space)));
            return text.isEmpty() ? "[]" : text.append(']').toString();
        }
        return value.isString() ? quoted(value.stringValue()) : value.toString();
    }

    private static String quoted(String text) {
        return new String(Strings.quoted(text), StandardCharsets.UTF_8);
    }
}
