package dev.contexture.model.template;

import dev.contexture.model.template.Signature.Bound;
import dev.contexture.model.template.Value.Int;
import dev.contexture.model.template.Value.Real;
import dev.contexture.model.template.Value.Str;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/** Filters on numbers. */
final class NumberFilters {
    private static final Pattern FLOAT = Pattern.compile("[+-]?(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)(?:[eE][+-]?[0-9]+)?");
    private static final int MAX_DIGITS = 300;

    private NumberFilters() {}

    static void register(Filters.Registry filters) {
        filters.add("int", "default? base?", (v, a, r) -> integer(v, a));
        filters.add(
                "float",
                "default?",
                (v, a, r) ->
                        real(Python.defined(v)).<Value>map(Real::new).orElseGet(() -> a.value("default", new Real(0))));
        filters.add("abs", "", (v, a, r) -> abs(v));
        filters.add("round", "precision? method?", (v, a, r) -> round(v, a));
    }

    private static Value abs(Value value) {
        if (value instanceof Real r) {
            return new Real(Math.abs(r.value()));
        }
        return new Int(Python.integer(value).abs());
    }

    private static Value integer(Value value, Bound arguments) {
        int base = arguments.integer("base", 10);
        Optional<BigInteger> exact = Python.defined(value) instanceof Str s ? parse(s.text(), base) : Optional.empty();
        return exact.or(() -> whole(value))
                .<Value>map(Int::new)
                .orElseGet(() -> arguments.value("default", Value.of(0)));
    }

    private static Optional<BigInteger> whole(Value value) {
        if (Python.isNumber(value) && !(value instanceof Real)) {
            return Optional.of(Python.integer(value));
        }
        return real(value).filter(Double::isFinite).map(r -> new BigDecimal(r).toBigInteger());
    }

    private static Optional<BigInteger> parse(String text, int base) {
        String digits =
                Text.lower(Text.strip(text, Optional.empty(), true, true)).replace("_", "");
        boolean negative = digits.startsWith("-");
        if (negative || digits.startsWith("+")) {
            digits = digits.substring(1);
        }
        String prefix = base == 16 ? "0x" : base == 8 ? "0o" : base == 2 ? "0b" : "";
        digits = !prefix.isEmpty() && digits.startsWith(prefix) ? digits.substring(2) : digits;
        boolean valid = base >= Character.MIN_RADIX
                && base <= Character.MAX_RADIX
                && !digits.isEmpty()
                && digits.length() <= Value.MAX_INTEGER_BITS
                && digits.chars().allMatch(c -> Character.digit(c, base) >= 0);
        return valid ? Optional.of(new BigInteger((negative ? "-" : "") + digits, base)) : Optional.empty();
    }

    private static Optional<Double> real(Value value) {
        if (Python.isNumber(value)) {
            return Optional.of(Python.real(value));
        }
        if (!(value instanceof Str s)) {
            return Optional.empty();
        }
        String text = Text.strip(s.text(), Optional.empty(), true, true)
                .replace("_", "")
                .toLowerCase(Locale.ROOT);
        return switch (text) {
            case "inf", "+inf", "infinity", "+infinity" -> Optional.of(Double.POSITIVE_INFINITY);
            case "-inf", "-infinity" -> Optional.of(Double.NEGATIVE_INFINITY);
            case "nan", "+nan", "-nan" -> Optional.of(Double.NaN);
            default -> FLOAT.matcher(text).matches() ? Optional.of(Double.parseDouble(text)) : Optional.empty();
        };
    }

    private static Value round(Value value, Bound arguments) {
        if (!Python.isNumber(Python.defined(value))) {
            throw new EvaluationException("'" + Python.typeName(value) + "' cannot be rounded");
        }
        int precision = arguments.integer("precision", 0);
        if (Math.abs((long) precision) > MAX_DIGITS) {
            throw new EvaluationException("a precision of " + precision + " is more than " + MAX_DIGITS);
        }
        String method = arguments.text("method", "common");
        if (method.equals("common")) {
            return common(value, precision);
        }
        double scale = Math.pow(10, precision);
        double scaled = Python.real(value) * scale;
        return switch (method) {
            case "ceil" -> new Real(Math.ceil(scaled) / scale);
            case "floor" -> new Real(Math.floor(scaled) / scale);
            default -> throw new EvaluationException("the method must be common, ceil or floor, not '" + method + "'");
        };
    }

    /** Half to even on the exact binary value, as Python does. */
    private static Value common(Value value, int precision) {
        if (!(value instanceof Real r)) {
            BigInteger whole = Python.integer(value);
            return new Int(
                    precision >= 0
                            ? whole
                            : new BigDecimal(whole)
                                    .setScale(precision, RoundingMode.HALF_EVEN)
                                    .toBigInteger());
        }
        return Double.isFinite(r.value())
                ? new Real(new BigDecimal(r.value())
                        .setScale(precision, RoundingMode.HALF_EVEN)
                        .doubleValue())
                : r;
    }
}
