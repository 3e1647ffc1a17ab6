package dev.contexture.constrain.schema;

import dev.contexture.constrain.automaton.Numbers;
import dev.contexture.constrain.automaton.Strings;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/** Whether values that a schema lists are what it asks for besides, and how they are written. */
final class Values {
    private Values() {}

    static boolean admits(Cases cases, Collection<SchemaNode> nodes, JsonNode value) {
        return cases.of(nodes).stream().anyMatch(leaves -> admits(cases, new Shape(leaves), value));
    }

    static boolean admits(Cases cases, Shape shape, JsonNode value) {
        Kind kind = kind(value);
        boolean listed = shape.values()
                .map(values -> values.stream().anyMatch(other -> Shape.areEqual(value, other)))
                .orElse(true);
        return listed
                && shape.kinds().contains(kind)
                && switch (kind) {
                    case NULL, BOOLEAN -> true;
                    case INTEGER, FRACTION -> isWithin(shape.range(), value.decimalValue());
                    case STRING ->
                        shape.strings()
                                .filter(dfa -> dfa.matches(Strings.quoted(value.stringValue())))
                                .isPresent();
                    case ARRAY -> isArray(cases, shape, value);
                    case OBJECT -> isObject(cases, shape, value);
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

    static boolean isWithin(Numbers.Range range, BigDecimal value) {
        BigDecimal least = range.least();
        BigDecimal most = range.most();
        BigDecimal multiple = range.multiple();
        boolean above = least == null || value.compareTo(least) >= (range.leastExcluded() ? 1 : 0);
        boolean below = most == null || value.compareTo(most) <= (range.mostExcluded() ? -1 : 0);
        return above && below && (multiple == null || value.remainder(multiple).signum() == 0);
    }

    private static boolean isArray(Cases cases, Shape shape, JsonNode array) {
        if (array.size() < shape.leastItems() || array.size() > shape.mostItems()) {
            return false;
        }
        for (int i = 0; i < array.size(); i++) {
            if (!admits(cases, shape.item(i), array.get(i))) {
                return false;
            }
        }
        return true;
    }

    private static boolean isObject(Cases cases, Shape shape, JsonNode object) {
        boolean counts = object.size() >= shape.leastProperties() && object.size() <= shape.mostProperties();
        return counts
                && shape.required().stream().allMatch(object::has)
                && object.properties().stream()
                        .allMatch(entry -> admits(cases, shape.property(entry.getKey()), entry.getValue())
                                && isKey(cases, shape, entry));
    }

    private static boolean isKey(Cases cases, Shape shape, Map.Entry<String, JsonNode> entry) {
        return isKey(cases, shape, entry.getKey());
    }

    static boolean isKey(Cases cases, Shape shape, String name) {
        List<SchemaNode> names = shape.propertyNames();
        return names.isEmpty() || admits(cases, names, tools.jackson.databind.node.StringNode.valueOf(name));
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
