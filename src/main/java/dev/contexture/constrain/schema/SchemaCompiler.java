package dev.contexture.constrain.schema;

import dev.contexture.constrain.automaton.Dfa;
import dev.contexture.constrain.automaton.LiteralDfa;
import dev.contexture.constrain.automaton.StringDfa;
import dev.contexture.constrain.automaton.Strings;
import dev.contexture.constrain.automaton.TableDfa;
import dev.contexture.constrain.automaton.TooLargeException;
import dev.contexture.constrain.automaton.UnwritableTextException;
import dev.contexture.constrain.automaton.Work;
import dev.contexture.constrain.grammar.Item;
import dev.contexture.constrain.grammar.JsonArray;
import dev.contexture.constrain.grammar.JsonObject;
import dev.contexture.constrain.grammar.Machine;
import dev.contexture.constrain.grammar.Rule;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;

/**
 * From a JSON schema (draft 2020-12, and what older drafts and OpenAPI write otherwise) to a grammar all of whose texts are
 * valid. docs/structured-output.md lists what is held and where texts are fewer than the schema's values.
 */
public final class SchemaCompiler {
    /** Rules of one schema. */
    private static final int MOST_RULES = 5_000;

    /** Properties of an object that may be left out: each may be the next. */
    private static final int MOST_OPTIONAL = Machine.MOST_WAYS - 32;

    private final Compilation compilation;
    private final Work work;
    private final SchemaNode root;
    private final Map<Set<String>, Rule> rules = new HashMap<>();
    private final Deque<Todo> open = new ArrayDeque<>();

    private record Todo(Rule rule, List<SchemaNode> nodes) {}

    private SchemaCompiler(SchemaDocument document, Work work) {
        this.compilation = new Compilation(document, work);
        this.work = work;
        this.root = document.root();
    }

    /**
     * @param schema JSON
     * @param path that errors begin with, such as #
     * @throws UnsupportedSchemaException if it is no schema, asks for what is not held, or no value is of it
     */
    public static Item compile(String schema, String path) {
        return compile(schema, path, new Work());
    }

    /**
     * @param work that compiling may take
     */
    public static Item compile(String schema, String path, Work work) {
        try {
            SchemaCompiler compiler = new SchemaCompiler(SchemaDocument.read(schema, path), work);
            Rule rule = compiler.rule(List.of(compiler.root));
            return compiler.solved(rule, path);
        } catch (UnwritableTextException e) {
            throw new UnsupportedSchemaException(path, "a text of the schema cannot be written: " + e.getMessage());
        } catch (Work.ExhaustedException e) {
            throw new UnsupportedSchemaException(
                    path,
                    "the schema is too much work: " + e.getMessage()
                            + "; make it smaller, with fewer choices within each other and simpler patterns");
        }
    }

    private Item solved(Rule rule, String path) {
        for (Todo todo = open.poll(); todo != null; todo = open.poll()) {
            todo.rule.define(body(todo.nodes));
        }
        Rule.solve(rules.values(), work);
        if (rule.height() == Item.ENDLESS) {
            throw new UnsupportedSchemaException(path, "no finite value is of this schema");
        }
        if (rule.height() > Machine.MOST_DEPTH) {
            throw new UnsupportedSchemaException(
                    path,
                    "every value of this schema has more than " + Machine.MOST_DEPTH
                            + " arrays and objects within each other");
        }
        return rule;
    }

    /** The values that are of all nodes. */
    private Rule rule(Collection<SchemaNode> nodes) {
        Map<String, SchemaNode> distinct = new LinkedHashMap<>();
        work.charge(Compilation.copying(nodes));
        nodes.forEach(node -> distinct.put(node.path(), node));
        return rules.computeIfAbsent(new TreeSet<>(distinct.keySet()), key -> {
            if (rules.size() >= MOST_RULES) {
                throw new UnsupportedSchemaException(root.path(), "the schema has more than " + MOST_RULES + " parts");
            }
            Rule rule = new Rule();
            open.add(new Todo(rule, List.copyOf(distinct.values())));
            return rule;
        });
    }

    private Item body(List<SchemaNode> nodes) {
        List<Item> options = new ArrayList<>();
        for (List<SchemaNode> leaves : compilation.cases().of(nodes)) {
            options.addAll(options(compilation.shape(leaves)));
        }
        return options.size() == 1 ? options.getFirst() : new Item.Choice(options);
    }

    private List<Item> options(Shape shape) {
        List<Item> options = new ArrayList<>();
        if (shape.values().isPresent()) {
            listed(shape, shape.values().get()).ifPresent(dfa -> options.add(new Item.Lexeme(dfa)));
            return options;
        }
        Set<Kind> kinds = shape.kinds();
        List<byte[]> words = new ArrayList<>();
        if (kinds.contains(Kind.OBJECT)) {
            options.add(object(shape));
        }
        if (kinds.contains(Kind.ARRAY)) {
            options.add(array(shape));
        }
        if (kinds.contains(Kind.STRING)) {
            shape.strings(Strings.Side.INNER).ifPresent(dfa -> options.add(new Item.Lexeme(dfa)));
        }
        if (kinds.contains(Kind.INTEGER) || kinds.contains(Kind.FRACTION)) {
            shape.numbers().ifPresent(dfa -> options.add(new Item.Lexeme(dfa)));
        }
        if (kinds.contains(Kind.BOOLEAN)) {
            words.addAll(List.of(utf8("true"), utf8("false")));
        }
        if (kinds.contains(Kind.NULL)) {
            words.add(utf8("null"));
        }
        if (!words.isEmpty()) {
            options.add(new Item.Lexeme(TableDfa.ofTexts(words, work)));
        }
        return options;
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** Those of the listed values that are of the rest of the schema. */
    private Optional<TableDfa> listed(Shape shape, List<JsonNode> values) {
        List<byte[]> texts = new ArrayList<>();
        String keyword = shape.saying("enum").has("enum") ? "enum" : "const";
        SchemaNode leaf = shape.saying(keyword);
        try {
            for (JsonNode value : values) {
                if (compilation.values().admits(shape, value)) {
                    Values.written(value).forEach(text -> texts.add(utf8(text)));
                }
            }
            return texts.isEmpty() ? Optional.empty() : Optional.of(TableDfa.ofTexts(texts, work));
        } catch (TooLargeException e) {
            throw leaf.broken(keyword, "the values are too many or too long: " + e.getMessage());
        } catch (UnwritableTextException e) {
            throw leaf.broken(keyword, "a value cannot be written: " + e.getMessage());
        }
    }

    private Item array(Shape shape) {
        List<Item> first = new ArrayList<>();
        int prefix = Math.min(shape.firstItems(), shape.mostItems());
        for (int i = 0; i < prefix; i++) {
            first.add(rule(shape.item(i)));
        }
        return new JsonArray(first, rule(shape.item(shape.firstItems())), shape.leastItems(), shape.mostItems());
    }

    private Item object(Shape shape) {
        Set<String> required = shape.required();
        List<JsonObject.Property> properties = new ArrayList<>();
        List<byte[]> names = new ArrayList<>();
        for (String name : shape.names()) {
            byte[] quoted = quoted(shape, name);
            names.add(quoted);
            Item value = compilation.values().isKey(shape, name)
                    ? rule(shape.property(name, Strings.Side.INNER))
                    : Item.Choice.NONE;
            Item key = new Item.Lexeme(new LiteralDfa(quoted));
            properties.add(new JsonObject.Property(key, value, required.contains(name)));
        }
        if (properties.size() - required.size() > MOST_OPTIONAL) {
            throw shape.saying("properties")
                    .broken(
                            "properties",
                            "more than " + MOST_OPTIONAL
                                    + " properties that are not required are not supported; put some into an object of their own");
        }
        List<JsonObject.Property> others = others(shape, names);
        int least = shape.leastProperties();
        if (!others.isEmpty() && least > properties.size() + 1) {
            throw shape.saying("minProperties")
                    .broken(
                            "minProperties",
                            "more than one property of a free name cannot be promised; name the properties, or ask for at most "
                                    + (properties.size() + 1));
        }
        return new JsonObject(properties, others, least, shape.mostProperties());
    }

    private static byte[] quoted(Shape shape, String name) {
        try {
            return Strings.quoted(name);
        } catch (UnwritableTextException e) {
            throw shape.saying("properties").broken("properties", "a name cannot be written: " + e.getMessage());
        }
    }

    /** Properties of free names, by which of the patterns they have. */
    private List<JsonObject.Property> others(Shape shape, List<byte[]> names) {
        Map<String, Shape.Keys> patterns = shape.keyPatterns();
        List<JsonObject.Property> others = new ArrayList<>();
        try {
            Optional<? extends Dfa> free = freeKeys(shape, names);
            List<String> all = List.copyOf(patterns.keySet());
            for (int chosen = (1 << all.size()) - 1; chosen >= 0; chosen--) {
                int bits = chosen;
                Set<String> having = all.stream()
                        .filter(pattern -> (bits >> all.indexOf(pattern) & 1) != 0)
                        .collect(Collectors.toSet());
                Item value = rule(shape.other(having));
                Optional<? extends Dfa> keys = isImpossible(shape.other(having)) ? Optional.empty() : free;
                for (Map.Entry<String, Shape.Keys> pattern : patterns.entrySet()) {
                    boolean has = having.contains(pattern.getKey());
                    keys = keys.flatMap(dfa -> narrowed(dfa, pattern.getValue(), has));
                }
                keys.ifPresent(dfa -> others.add(new JsonObject.Property(new Item.Lexeme(dfa), value, false)));
            }
            return others;
        } catch (TooLargeException e) {
            throw shape.saying("patternProperties")
                    .broken("patternProperties", "the keys cannot be told apart: " + e.getMessage());
        }
    }

    private static boolean isImpossible(List<SchemaNode> nodes) {
        return nodes.stream()
                .anyMatch(node -> node.json().isBoolean() && !node.json().booleanValue());
    }

    /** Keys that certainly have the pattern, or certainly have it not. */
    private Optional<? extends Dfa> narrowed(Dfa keys, Shape.Keys pattern, boolean having) {
        if (having) {
            return pattern.inner().flatMap(with -> TableDfa.intersection(keys, with, work));
        }
        return pattern.outer().isEmpty()
                ? Optional.of(keys)
                : TableDfa.difference(keys, pattern.outer().get(), work);
    }

    /** Keys but the names. */
    private Optional<? extends Dfa> freeKeys(Shape shape, List<byte[]> names) {
        Dfa any = new StringDfa(0, StringDfa.UNBOUNDED, StringDfa.Spelling.CANONICAL);
        Optional<? extends Dfa> keys =
                names.isEmpty() ? Optional.of(any) : TableDfa.difference(any, TableDfa.ofTexts(names, work), work);
        for (SchemaNode node : shape.propertyNames()) {
            keys = keys.flatMap(dfa -> keysOf(node).flatMap(allowed -> TableDfa.intersection(dfa, allowed, work)));
        }
        return keys;
    }

    private Optional<? extends Dfa> keysOf(SchemaNode node) {
        List<List<SchemaNode>> all = compilation.cases().of(List.of(node));
        if (all.isEmpty()) {
            return Optional.empty();
        }
        if (all.size() > 1) {
            throw new UnsupportedSchemaException(
                    node.path(), "anyOf and oneOf are not supported for names of properties");
        }
        Shape shape = compilation.shape(all.getFirst());
        if (!shape.kinds().contains(Kind.STRING)) {
            return Optional.empty();
        }
        if (shape.values().isPresent()) {
            return listed(shape, shape.values().get());
        }
        return shape.strings(Strings.Side.INNER);
    }
}
