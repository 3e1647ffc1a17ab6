package dev.contexture.model.template;

import dev.contexture.model.template.Value.Bool;
import dev.contexture.model.template.Value.Dict;
import dev.contexture.model.template.Value.Generator;
import dev.contexture.model.template.Value.Int;
import dev.contexture.model.template.Value.Items;
import dev.contexture.model.template.Value.None;
import dev.contexture.model.template.Value.Real;
import dev.contexture.model.template.Value.Str;
import dev.contexture.model.template.Value.Undefined;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.List;

/** What Python does with its values: truth, type names, equality, iteration, length. */
final class Python {
    private Python() {}

    static boolean truth(Value value) {
        return switch (value) {
            case None ignored -> false;
            case Undefined ignored -> false;
            case Bool b -> b.value();
            case Int i -> i.value().signum() != 0;
            case Real r -> r.value() != 0;
            case Str s -> !s.text().isEmpty();
            case Items items -> !items.values().isEmpty();
            case Dict dict -> dict.size() > 0;
            default -> true;
        };
    }

    static String typeName(Value value) {
        return switch (value) {
            case None ignored -> "NoneType";
            case Undefined ignored -> "Undefined";
            case Bool ignored -> "bool";
            case Int ignored -> "int";
            case Real ignored -> "float";
            case Str ignored -> "str";
            case Items items -> items.kind().typeName();
            case Dict ignored -> "dict";
            case Generator ignored -> "generator";
            case Value.Namespace ignored -> "Namespace";
            case Value.HasAttributes ignored -> "LoopContext";
            case Value.Function ignored -> "function";
        };
    }

    /** The value, unless it is undefined. */
    static Value defined(Value value) {
        if (value instanceof Undefined undefined) {
            throw undefined.failure();
        }
        return value;
    }

    static String str(Value value) {
        return switch (value) {
            case Str s -> s.text();
            case Undefined ignored -> "";
            default -> Repr.of(value);
        };
    }

    static boolean isNumber(Value value) {
        return value instanceof Int || value instanceof Real || value instanceof Bool;
    }

    /** An Int or Bool as an integer. */
    static BigInteger integer(Value value) {
        return switch (defined(value)) {
            case Int i -> i.value();
            case Bool b -> b.value() ? BigInteger.ONE : BigInteger.ZERO;
            default ->
                throw new EvaluationException("'" + typeName(value) + "' object cannot be interpreted as an integer");
        };
    }

    /** An integer used as a position or count; values outside int become its ends. */
    static int index(Value value) {
        BigInteger wide = integer(value);
        if (wide.bitLength() < 32) {
            return wide.intValue();
        }
        return wide.signum() < 0 ? Integer.MIN_VALUE : Integer.MAX_VALUE;
    }

    static double real(Value value) {
        return value instanceof Real r ? r.value() : integer(value).doubleValue();
    }

    static int length(Value value) {
        return switch (value) {
            case Str s -> s.length();
            case Items items -> items.values().size();
            case Dict dict -> dict.size();
            case Undefined ignored -> 0;
            default -> throw new EvaluationException("object of type '" + typeName(value) + "' has no len()");
        };
    }

    static boolean isIterable(Value value) {
        return value instanceof Str
                || value instanceof Items
                || value instanceof Dict
                || value instanceof Generator
                || value instanceof Undefined;
    }

    /** All that iterating over the value gives; empties a generator. */
    static List<Value> items(Value value) {
        return switch (value) {
            case Items items -> items.values();
            case Dict dict -> dict.keys();
            case Str s -> s.characters();
            case Generator generator -> generator.takeAll();
            case Undefined ignored -> List.of();
            default -> throw new EvaluationException("'" + typeName(value) + "' object is not iterable");
        };
    }

    /** A Java key with Python's equality: 1, 1.0 and True are one key. */
    static Object hashKey(Value value) {
        return switch (value) {
            case Int i -> i.value();
            case Bool b -> b.value() ? BigInteger.ONE : BigInteger.ZERO;
            case Real r -> realKey(r.value());
            case Str s -> s.text();
            case Items items -> {
                if (items.kind() != Items.Kind.TUPLE) {
                    throw unhashable(items);
                }
                yield items.values().stream().map(Python::hashKey).toList();
            }
            case Dict dict -> throw unhashable(dict);
            case Undefined ignored -> Undefined.class;
            default -> value;
        };
    }

    private static Object realKey(double value) {
        boolean whole = Math.rint(value) == value && Double.isFinite(value);
        return whole ? new BigDecimal(value).toBigInteger() : (Object) value;
    }

    private static EvaluationException unhashable(Value value) {
        return new EvaluationException("unhashable type: '" + typeName(value) + "'");
    }

    static boolean equal(Value a, Value b) {
        if (a == b) {
            return !(a instanceof Real r && Double.isNaN(r.value()));
        }
        if (isNumber(a) && isNumber(b)) {
            return compareNumbers(a, b) == 0 && !isNan(a) && !isNan(b);
        }
        return switch (a) {
            case Str s -> b instanceof Str t && s.text().equals(t.text());
            case Undefined ignored -> b instanceof Undefined;
            case Items items -> b instanceof Items others && equal(items, others);
            case Dict dict -> b instanceof Dict other && equal(dict, other);
            default -> false;
        };
    }

    private static boolean equal(Items a, Items b) {
        int size = a.values().size();
        if (a.kind() != b.kind() || size != b.values().size()) {
            return false;
        }
        for (int i = 0; i < size; i++) {
            if (!equal(a.values().get(i), b.values().get(i))) {
                return false;
            }
        }
        return true;
    }

    private static boolean equal(Dict a, Dict b) {
        return a.size() == b.size()
                && a.entries().stream()
                        .allMatch(e ->
                                b.get(e.key()).filter(v -> equal(e.value(), v)).isPresent());
    }

    static boolean isNan(Value value) {
        return value instanceof Real r && Double.isNaN(r.value());
    }

    /**
     * Order of two values, as {@code <} and {@code sort} use it; NaN is last.
     *
     * @param operator for the message
     */
    static int compare(Value a, Value b, String operator) {
        if (isNumber(a) && isNumber(b)) {
            return compareNumbers(a, b);
        }
        if (a instanceof Str s && b instanceof Str t) {
            return compareText(s.text(), t.text());
        }
        if (a instanceof Items x && b instanceof Items y && x.kind() == y.kind() && x.kind() != Items.Kind.RANGE) {
            int common = Math.min(x.values().size(), y.values().size());
            for (int i = 0; i < common; i++) {
                if (!equal(x.values().get(i), y.values().get(i))) {
                    return compare(x.values().get(i), y.values().get(i), operator);
                }
            }
            return Integer.compare(x.values().size(), y.values().size());
        }
        defined(a);
        defined(b);
        throw new EvaluationException("'" + operator + "' not supported between instances of '" + typeName(a)
                + "' and '" + typeName(b) + "'");
    }

    private static int compareNumbers(Value a, Value b) {
        if (!(a instanceof Real) && !(b instanceof Real)) {
            return integer(a).compareTo(integer(b));
        }
        double x = real(a);
        double y = real(b);
        if (Double.isFinite(x) && Double.isFinite(y)) {
            return exact(a).compareTo(exact(b));
        }
        return Double.compare(x, y);
    }

    private static BigDecimal exact(Value number) {
        return number instanceof Real r ? new BigDecimal(r.value()) : new BigDecimal(integer(number));
    }

    /** By code points: Java's own order puts characters beyond U+FFFF too early. */
    private static int compareText(String a, String b) {
        int common = Math.min(a.length(), b.length());
        for (int i = 0; i < common; i++) {
            char x = a.charAt(i);
            char y = b.charAt(i);
            if (x != y) {
                boolean differ = Character.isSurrogate(x) != Character.isSurrogate(y);
                return differ ? (Character.isSurrogate(x) ? 1 : -1) : Character.compare(x, y);
            }
        }
        return Integer.compare(a.length(), b.length());
    }

    static boolean contains(Value container, Value item) {
        return switch (container) {
            case Str s -> {
                if (item instanceof Str part) {
                    yield s.text().contains(part.text());
                }
                throw new EvaluationException(
                        "'in <string>' requires string as left operand, not " + typeName(defined(item)));
            }
            case Dict dict -> dict.get(item).isPresent();
            default -> {
                if (!isIterable(container)) {
                    throw new EvaluationException("argument of type '" + typeName(container) + "' is not iterable");
                }
                yield items(container).stream().anyMatch(v -> equal(v, item));
            }
        };
    }

    /** White space as {@code str.isspace} and {@code \s} have it. */
    static boolean isSpace(int c) {
        return c >= 0x09 && c <= 0x0D
                || c >= 0x1C && c <= 0x20
                || c == 0x85
                || c == 0xA0
                || c > 0xFF
                        && switch (Character.getType(c)) {
                            case Character.SPACE_SEPARATOR, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR ->
                                true;
                            default -> false;
                        };
    }

    static String stripLeading(String text) {
        int start = 0;
        while (start < text.length() && isSpace(text.charAt(start))) {
            start++;
        }
        return text.substring(start);
    }

    static String stripTrailing(String text) {
        int end = text.length();
        while (end > 0 && isSpace(text.charAt(end - 1))) {
            end--;
        }
        return text.substring(0, end);
    }
}
