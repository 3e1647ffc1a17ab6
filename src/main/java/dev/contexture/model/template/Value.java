package dev.contexture.model.template;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What an expression yields: Python's types as far as chat templates see them.
 *
 * <p>Every value knows its weight, the number of values and characters in it, and how deep it nests. Both are bounded when
 * a value is made, so each operation that walks a value (printing, comparing, JSON) is bounded too, without a check of
 * its own. All values are immutable but {@link Namespace} and {@link Generator}, which live within one rendering.
 */
sealed interface Value {
    /** Most values and characters in one value: far above the longest prompt. */
    long MAX_WEIGHT = 1L << 24;

    int MAX_NESTING = 100;

    /** Most bits of an integer: 1,233 decimal digits. */
    int MAX_INTEGER_BITS = 4_096;

    Bool TRUE = new Bool(true);
    Bool FALSE = new Bool(false);
    Str EMPTY = new Str("");

    default long weight() {
        return 1;
    }

    default int nesting() {
        return 0;
    }

    static Bool of(boolean value) {
        return value ? TRUE : FALSE;
    }

    static Int of(long value) {
        return new Int(BigInteger.valueOf(value));
    }

    static Str of(String text) {
        return new Str(text);
    }

    static Items list(List<Value> values) {
        return new Items(Items.Kind.LIST, values);
    }

    static Items tuple(Value... values) {
        return new Items(Items.Kind.TUPLE, List.of(values));
    }

    /** Refuses texts that are not yet made, before memory is spent on them. */
    static void checkWeight(long weight) {
        if (weight > MAX_WEIGHT) {
            throw new EvaluationException("a value would be larger than " + MAX_WEIGHT + " characters and items");
        }
    }

    private static int checkNesting(int nesting) {
        if (nesting > MAX_NESTING) {
            throw new EvaluationException("a value would nest deeper than " + MAX_NESTING);
        }
        return nesting;
    }

    enum None implements Value {
        NONE
    }

    /** A missing name, key or attribute: prints as nothing, fails with {@code problem} when it is used further. */
    record Undefined(String problem) implements Value {
        EvaluationException failure() {
            return new EvaluationException(problem);
        }
    }

    record Bool(boolean value) implements Value {}

    record Int(BigInteger value) implements Value {
        public Int {
            if (value.bitLength() > MAX_INTEGER_BITS) {
                throw new EvaluationException("an integer would be longer than " + MAX_INTEGER_BITS + " bits");
            }
        }
    }

    record Real(double value) implements Value {}

    /** Text; positions count code points, as in Python. */
    record Str(String text) implements Value {
        public Str {
            checkWeight(text.length());
        }

        @Override
        public long weight() {
            return 1L + text.length();
        }

        int length() {
            return text.codePointCount(0, text.length());
        }

        List<Value> characters() {
            return text.codePoints()
                    .mapToObj(c -> (Value) new Str(Character.toString(c)))
                    .toList();
        }
    }

    /** Lists, tuples and the views that print differently. */
    final class Items implements Value {
        enum Kind {
            LIST("list"),
            TUPLE("tuple"),
            RANGE("range"),
            KEYS("dict_keys"),
            VALUES("dict_values"),
            PAIRS("dict_items");

            private final String typeName;

            Kind(String typeName) {
                this.typeName = typeName;
            }

            String typeName() {
                return typeName;
            }

            boolean isIndexed() {
                return this == LIST || this == TUPLE || this == RANGE;
            }
        }

        private final Kind kind;
        private final List<Value> values;
        private final long weight;
        private final int nesting;

        Items(Kind kind, List<Value> values) {
            this.kind = kind;
            this.values = List.copyOf(values);
            long sum = 1;
            int deepest = 0;
            for (Value value : this.values) {
                sum += value.weight();
                deepest = Math.max(deepest, value.nesting());
            }
            checkWeight(sum);
            this.weight = sum;
            this.nesting = checkNesting(deepest + 1);
        }

        Kind kind() {
            return kind;
        }

        List<Value> values() {
            return values;
        }

        @Override
        public long weight() {
            return weight;
        }

        @Override
        public int nesting() {
            return nesting;
        }
    }

    /** A mapping in order of insertion. */
    final class Dict implements Value {
        /** A key as it was given, with its value. */
        record Entry(Value key, Value value) {}

        private final Map<Object, Entry> entries;
        private final long weight;
        private final int nesting;

        private Dict(Map<Object, Entry> entries) {
            this.entries = entries;
            long sum = 1;
            int deepest = 0;
            for (Entry entry : entries.values()) {
                sum += entry.key.weight() + entry.value.weight();
                deepest = Math.max(deepest, Math.max(entry.key.nesting(), entry.value.nesting()));
            }
            checkWeight(sum);
            this.weight = sum;
            this.nesting = checkNesting(deepest + 1);
        }

        static Dict of(List<Entry> entries) {
            Map<Object, Entry> map = LinkedHashMap.newLinkedHashMap(entries.size());
            for (Entry entry : entries) {
                map.merge(Python.hashKey(entry.key), entry, (old, now) -> new Entry(old.key, now.value));
            }
            return new Dict(map);
        }

        static Dict named(Map<String, Value> values) {
            return of(values.entrySet().stream()
                    .map(e -> new Entry(Value.of(e.getKey()), e.getValue()))
                    .toList());
        }

        Optional<Value> get(Value key) {
            return Optional.ofNullable(entries.get(Python.hashKey(key))).map(Entry::value);
        }

        List<Entry> entries() {
            return List.copyOf(entries.values());
        }

        List<Value> keys() {
            return entries.values().stream().map(Entry::key).toList();
        }

        List<Value> values() {
            return entries.values().stream().map(Entry::value).toList();
        }

        List<Value> pairs() {
            return entries.values().stream()
                    .map(e -> (Value) tuple(e.key, e.value))
                    .toList();
        }

        int size() {
            return entries.size();
        }

        @Override
        public long weight() {
            return weight;
        }

        @Override
        public int nesting() {
            return nesting;
        }
    }

    /** The result of a lazy filter such as {@code map}: has no length and can be walked once. */
    final class Generator implements Value {
        private final List<Value> rest;

        Generator(List<Value> values) {
            this.rest = new ArrayList<>(values);
        }

        List<Value> takeAll() {
            List<Value> all = List.copyOf(rest);
            rest.clear();
            return all;
        }

        Optional<Value> takeFirst() {
            return rest.isEmpty() ? Optional.empty() : Optional.of(rest.removeFirst());
        }

        @Override
        public long weight() {
            return 1 + rest.stream().mapToLong(Value::weight).sum();
        }
    }

    /** The one value that a template may change: {@code namespace(...)}. */
    final class Namespace implements Value {
        private final Map<String, Value> attributes = new LinkedHashMap<>();

        Namespace(Map<String, Value> attributes) {
            this.attributes.putAll(attributes);
        }

        Optional<Value> get(String name) {
            return Optional.ofNullable(attributes.get(name));
        }

        void set(String name, Value value) {
            attributes.put(name, value);
        }
    }

    /** An object with attributes of its own: the {@code loop} of a for block. */
    non-sealed interface HasAttributes extends Value {
        Optional<Value> attribute(String name);
    }

    /** Something that can be called. */
    non-sealed interface Function extends Value {
        Value call(Rendering rendering, Arguments arguments);
    }
}
