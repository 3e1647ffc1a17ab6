package dev.contexture.constrain.schema;

import dev.contexture.constrain.automaton.Dfa;
import dev.contexture.constrain.automaton.Numbers;
import dev.contexture.constrain.automaton.StringDfa;
import dev.contexture.constrain.automaton.Strings;
import dev.contexture.constrain.automaton.TableDfa;
import dev.contexture.constrain.automaton.TooLargeException;
import dev.contexture.constrain.automaton.Work;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** What schemas that must hold together, {@link Cases} of which were made before, say of a value. */
final class Shape {
    private static final Comparator<JsonNode> EQUAL_VALUES =
            (a, b) -> a.isNumber() && b.isNumber() ? a.decimalValue().compareTo(b.decimalValue()) : a.equals(b) ? 0 : 1;

    /** Patterns of property names at one place: their combinations are told apart. */
    private static final int MOST_KEY_PATTERNS = 4;

    private final List<SchemaNode> leaves;
    private final Compilation compilation;
    private final EnumSet<Kind> kinds = EnumSet.allOf(Kind.class);
    private @Nullable List<JsonNode> values;
    private Numbers.Range range = new Numbers.Range(false, null, false, null, false, null);

    Shape(List<SchemaNode> leaves, Compilation compilation) {
        this.leaves = leaves;
        this.compilation = compilation;
        Set<String> keyPatterns = new HashSet<>();
        for (SchemaNode leaf : leaves) {
            kinds.retainAll(kindsOf(leaf));
            takeValues(leaf);
            takeRange(leaf);
            keyPatterns.addAll(leaf.names("patternProperties"));
            if (keyPatterns.size() > MOST_KEY_PATTERNS) {
                throw leaf.broken(
                        "patternProperties",
                        "more than " + MOST_KEY_PATTERNS + " patterns at one place are not supported");
            }
        }
    }

    private static Set<Kind> kindsOf(SchemaNode leaf) {
        if (!leaf.has("type")) {
            return EnumSet.allOf(Kind.class);
        }
        JsonNode type = leaf.json().get("type");
        List<String> names = type.isString() ? List.of(type.stringValue()) : leaf.strings("type");
        EnumSet<Kind> kinds = EnumSet.noneOf(Kind.class);
        for (String name : names) {
            kinds.addAll(Kind.named(name)
                    .orElseThrow(() -> leaf.broken(
                            "type",
                            "\"" + name + "\" is not a type; types are object, array, string, "
                                    + "boolean, null, integer and number")));
        }
        if (leaf.has("nullable") && leaf.json().get("nullable").asBoolean(false)) {
            kinds.add(Kind.NULL);
        }
        return kinds;
    }

    private void takeValues(SchemaNode leaf) {
        if (leaf.has("const")) {
            keepValues(List.of(leaf.json().get("const")));
        }
        if (leaf.has("enum")) {
            if (!leaf.json().get("enum").isArray()) {
                throw leaf.broken("enum", "must be a list of values");
            }
            keepValues(List.copyOf(leaf.json().get("enum").values()));
        }
    }

    private void keepValues(List<JsonNode> given) {
        compilation.work().charge(given.size());
        values = values == null
                ? given
                : values.stream()
                        .filter(value -> isAmong(given, value, compilation.work()))
                        .toList();
    }

    static boolean isAmong(List<JsonNode> values, JsonNode value, Work work) {
        long size = size(value);
        for (JsonNode other : values) {
            work.charge(size);
            if (value.equals(EQUAL_VALUES, other)) {
                return true;
            }
        }
        return false;
    }

    /** Comparing with another takes at most so many steps. */
    private static long size(JsonNode value) {
        long size = 1;
        for (JsonNode part : value.values()) {
            size += size(part);
        }
        return size;
    }

    private void takeRange(SchemaNode leaf) {
        boolean leastExcluded = isTrue(leaf, "exclusiveMinimum");
        boolean mostExcluded = isTrue(leaf, "exclusiveMaximum");
        leaf.number("minimum").ifPresent(bound -> raise(bound, leastExcluded));
        leaf.number("maximum").ifPresent(bound -> lower(bound, mostExcluded));
        if (!leastExcluded && !isFalse(leaf, "exclusiveMinimum")) {
            leaf.number("exclusiveMinimum").ifPresent(bound -> raise(bound, true));
        }
        if (!mostExcluded && !isFalse(leaf, "exclusiveMaximum")) {
            leaf.number("exclusiveMaximum").ifPresent(bound -> lower(bound, true));
        }
        leaf.number("multipleOf").ifPresent(divisor -> {
            if (divisor.signum() <= 0) {
                throw leaf.broken("multipleOf", "must be positive");
            }
            range = new Numbers.Range(
                    false,
                    range.least(),
                    range.leastExcluded(),
                    range.most(),
                    range.mostExcluded(),
                    range.multiple() == null ? divisor : leastCommonMultiple(range.multiple(), divisor));
        });
    }

    /** The form of JSON schema's draft 4. */
    private static boolean isTrue(SchemaNode leaf, String keyword) {
        return leaf.has(keyword)
                && leaf.json().get(keyword).isBoolean()
                && leaf.json().get(keyword).booleanValue();
    }

    private static boolean isFalse(SchemaNode leaf, String keyword) {
        return leaf.has(keyword)
                && leaf.json().get(keyword).isBoolean()
                && !leaf.json().get(keyword).booleanValue();
    }

    private void raise(BigDecimal bound, boolean excluded) {
        BigDecimal known = range.least();
        int order = known == null ? 1 : bound.compareTo(known);
        if (order > 0 || order == 0 && excluded) {
            range = new Numbers.Range(false, bound, excluded, range.most(), range.mostExcluded(), range.multiple());
        }
    }

    private void lower(BigDecimal bound, boolean excluded) {
        BigDecimal known = range.most();
        int order = known == null ? -1 : bound.compareTo(known);
        if (order < 0 || order == 0 && excluded) {
            range = new Numbers.Range(false, range.least(), range.leastExcluded(), bound, excluded, range.multiple());
        }
    }

    private static BigDecimal leastCommonMultiple(BigDecimal a, BigDecimal b) {
        int scale = Math.max(0, Math.max(a.scale(), b.scale()));
        BigInteger first = a.setScale(scale).unscaledValue();
        BigInteger second = b.setScale(scale).unscaledValue();
        return new BigDecimal(first.divide(first.gcd(second)).multiply(second), scale);
    }

    List<SchemaNode> leaves() {
        return leaves;
    }

    Set<Kind> kinds() {
        return kinds;
    }

    /** The values of which it must be one, if they are listed; what else is said is not considered. */
    Optional<List<JsonNode>> values() {
        return Optional.ofNullable(values);
    }

    /** Of the numbers; whether they are whole is not said. */
    Numbers.Range range() {
        return range;
    }

    Optional<TableDfa> numbers() {
        Numbers.Range wanted = new Numbers.Range(
                !kinds.contains(Kind.FRACTION),
                range.least(),
                range.leastExcluded(),
                range.most(),
                range.mostExcluded(),
                range.multiple());
        try {
            return Numbers.in(wanted, compilation.work());
        } catch (TooLargeException e) {
            SchemaNode leaf = first("multipleOf", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum");
            String keyword = leaf.has("multipleOf") ? "multipleOf" : leaf.has("minimum") ? "minimum" : "maximum";
            throw leaf.broken(keyword, "the numbers cannot be told apart: " + e.getMessage());
        }
    }

    private SchemaNode first(String... keywords) {
        for (String keyword : keywords) {
            for (SchemaNode leaf : leaves) {
                if (leaf.has(keyword)) {
                    return leaf;
                }
            }
        }
        return leaves.getFirst();
    }

    private int largest(String keyword) {
        return leaves.stream()
                .mapToInt(leaf -> leaf.count(keyword).orElse(0))
                .max()
                .orElse(0);
    }

    private int smallest(String keyword) {
        return leaves.stream()
                .mapToInt(leaf -> leaf.count(keyword).orElse(Integer.MAX_VALUE))
                .min()
                .orElse(Integer.MAX_VALUE);
    }

    /** Its strings; empty if there is none. Formats say nothing of the outer ones: validators need not look at them. */
    Optional<Dfa> strings(Strings.Side side) {
        int least = largest("minLength");
        int most = smallest("maxLength");
        if (most < least) {
            return Optional.empty();
        }
        int limit = most == Integer.MAX_VALUE ? StringDfa.UNBOUNDED : most;
        boolean counted = least > 0 || limit != StringDfa.UNBOUNDED;
        List<Strings.Pattern> patterns = patterns(side);
        if (patterns.isEmpty()) {
            return Optional.of(counted ? new StringDfa(least, limit, StringDfa.Spelling.ANY) : StringDfa.ANY);
        }
        try {
            return compilation.patterns().strings(patterns, side, least, limit);
        } catch (TooLargeException e) {
            SchemaNode leaf = first("pattern", "format");
            String keyword = leaf.has("pattern") ? "pattern" : "format";
            throw leaf.broken(
                    keyword, "cannot be held: " + e.getMessage() + "; make it simpler, or its limits smaller");
        }
    }

    private List<Strings.Pattern> patterns(Strings.Side side) {
        List<Strings.Pattern> patterns = new ArrayList<>();
        for (SchemaNode leaf : leaves) {
            leaf.string("pattern")
                    .ifPresent(text -> patterns.add(compilation.patterns().parsed(text, leaf, "pattern")));
            leaf.string("format")
                    .filter(format -> side == Strings.Side.INNER)
                    .flatMap(Strings.Pattern::ofFormat)
                    .ifPresent(patterns::add);
        }
        return patterns;
    }

    int leastItems() {
        return largest("minItems");
    }

    int mostItems() {
        return smallest("maxItems");
    }

    /** How many first items may differ from the others. */
    int firstItems() {
        return leaves.stream().mapToInt(leaf -> prefix(leaf).size()).max().orElse(0);
    }

    private static List<SchemaNode> prefix(SchemaNode leaf) {
        boolean old = leaf.has("items") && leaf.json().get("items").isArray();
        return old && leaf.json().get("items").isEmpty() ? List.of() : leaf.schemas(old ? "items" : "prefixItems");
    }

    /** What item {@code index} must be; any index behind the first ones stands for all others. */
    List<SchemaNode> item(int index) {
        List<SchemaNode> nodes = new ArrayList<>();
        for (SchemaNode leaf : leaves) {
            List<SchemaNode> prefix = prefix(leaf);
            if (index < prefix.size()) {
                nodes.add(prefix.get(index));
            } else {
                boolean old = leaf.has("items") && leaf.json().get("items").isArray();
                leaf.schema(old ? "additionalItems" : "items").ifPresent(nodes::add);
            }
        }
        return nodes;
    }

    int leastProperties() {
        return largest("minProperties");
    }

    int mostProperties() {
        return smallest("maxProperties");
    }

    Set<String> required() {
        Set<String> names = new LinkedHashSet<>();
        leaves.forEach(leaf -> names.addAll(leaf.strings("required")));
        return names;
    }

    /** Properties with names, in order: those that are described, then those that are only required. */
    Set<String> names() {
        Set<String> names = new LinkedHashSet<>();
        leaves.forEach(leaf -> names.addAll(leaf.names("properties")));
        names.addAll(required());
        compilation.work().charge(names.size());
        return names;
    }

    /**
     * What the property of a name must be. Where dialects differ on whether a pattern is found in the name, it must be what either
     * asks for, or, for the outer side, only what all do.
     */
    List<SchemaNode> property(String name, Strings.Side side) {
        List<SchemaNode> nodes = new ArrayList<>();
        compilation.work().charge(leaves.size() + name.length());
        byte[] quoted = Strings.quoted(name);
        for (SchemaNode leaf : leaves) {
            Optional<SchemaNode> described = leaf.named("properties", name);
            List<SchemaNode> certain = new ArrayList<>(described.stream().toList());
            List<SchemaNode> possible = new ArrayList<>(certain);
            leaf.named("patternProperties").forEach((pattern, node) -> {
                if (isKeyOf(pattern, leaf, Strings.Side.INNER, quoted)) {
                    certain.add(node);
                }
                if (isKeyOf(pattern, leaf, Strings.Side.OUTER, quoted)) {
                    possible.add(node);
                }
            });
            boolean inner = side == Strings.Side.INNER;
            nodes.addAll(inner ? possible : certain);
            if ((inner ? certain : possible).isEmpty()) {
                leaf.schema("additionalProperties").ifPresent(nodes::add);
            }
        }
        return nodes;
    }

    private boolean isKeyOf(String pattern, SchemaNode leaf, Strings.Side side, byte[] quoted) {
        compilation.work().charge(quoted.length);
        return compilation
                .patterns()
                .keys(pattern, leaf, side)
                .filter(dfa -> dfa.matches(quoted))
                .isPresent();
    }

    /** Keys with a pattern. */
    record Keys(Optional<Dfa> inner, Optional<Dfa> outer) {}

    /** Each pattern of property names once, with automata of the keys. */
    Map<String, Keys> keyPatterns() {
        Patterns all = compilation.patterns();
        Map<String, Keys> patterns = new LinkedHashMap<>();
        for (SchemaNode leaf : leaves) {
            for (String pattern : leaf.names("patternProperties")) {
                patterns.computeIfAbsent(
                        pattern,
                        p -> new Keys(all.keys(p, leaf, Strings.Side.INNER), all.keys(p, leaf, Strings.Side.OUTER)));
            }
        }
        return patterns;
    }

    /** What a property without a name of its own must be that has these of the patterns. */
    List<SchemaNode> other(Collection<String> patterns) {
        List<SchemaNode> nodes = new ArrayList<>();
        for (SchemaNode leaf : leaves) {
            List<SchemaNode> here = new ArrayList<>();
            leaf.named("patternProperties").forEach((pattern, node) -> {
                if (patterns.contains(pattern)) {
                    here.add(node);
                }
            });
            nodes.addAll(orAdditional(here, leaf));
        }
        return nodes;
    }

    private static List<SchemaNode> orAdditional(List<SchemaNode> here, SchemaNode leaf) {
        return here.isEmpty() ? leaf.schema("additionalProperties").stream().toList() : here;
    }

    /** What keys must be, as strings. */
    List<SchemaNode> propertyNames() {
        return leaves.stream()
                .flatMap(leaf -> leaf.schema("propertyNames").stream())
                .toList();
    }

    SchemaNode saying(String keyword) {
        return first(keyword);
    }
}
