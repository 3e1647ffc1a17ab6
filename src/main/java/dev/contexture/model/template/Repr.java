package dev.contexture.model.template;

import dev.contexture.model.template.Value.Bool;
import dev.contexture.model.template.Value.Dict;
import dev.contexture.model.template.Value.Int;
import dev.contexture.model.template.Value.Items;
import dev.contexture.model.template.Value.None;
import dev.contexture.model.template.Value.Real;
import dev.contexture.model.template.Value.Str;
import dev.contexture.model.template.Value.Undefined;
import java.math.BigDecimal;

/** Python's {@code repr}. */
final class Repr {
    /** Python writes floats from 1e16 on, and below 1e-4, with an exponent. */
    private static final int MIN_EXPONENT_DIGITS = 16;

    private static final int MIN_PLAIN_EXPONENT = -4;

    private final StringBuilder out = new StringBuilder();

    private Repr() {}

    static String of(Value value) {
        Repr repr = new Repr();
        repr.append(value);
        return repr.out.toString();
    }

    private void append(Value value) {
        switch (value) {
            case None ignored -> out.append("None");
            case Undefined ignored -> out.append("Undefined");
            case Bool b -> out.append(b.value() ? "True" : "False");
            case Int i -> out.append(i.value());
            case Real r -> out.append(real(r.value()));
            case Str s -> quote(s.text());
            case Items items -> append(items);
            case Dict dict -> append(dict);
            default -> out.append('<').append(Python.typeName(value)).append('>');
        }
    }

    private void append(Items items) {
        switch (items.kind()) {
            case LIST -> separated("[", items, "]");
            case TUPLE -> separated("(", items, items.values().size() == 1 ? ",)" : ")");
            case RANGE -> range(items);
            case KEYS, VALUES, PAIRS -> separated(items.kind().typeName() + "([", items, "])");
        }
    }

    private void range(Items items) {
        int size = items.values().size();
        if (size == 0) {
            out.append("range(0, 0)");
            return;
        }
        long first = Python.index(items.values().getFirst());
        long step = size == 1 ? 1 : Python.index(items.values().get(1)) - first;
        out.append("range(").append(first).append(", ").append(first + step * size);
        out.append(step == 1 ? ")" : ", " + step + ")");
    }

    private void separated(String open, Items items, String close) {
        out.append(open);
        String separator = "";
        for (Value value : items.values()) {
            out.append(separator);
            append(value);
            separator = ", ";
        }
        out.append(close);
    }

    private void append(Dict dict) {
        out.append('{');
        String separator = "";
        for (Dict.Entry entry : dict.entries()) {
            out.append(separator);
            append(entry.key());
            out.append(": ");
            append(entry.value());
            separator = ", ";
        }
        out.append('}');
    }

    private void quote(String text) {
        char quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
        out.append(quote);
        text.codePoints().forEach(c -> {
            switch (c) {
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\\' -> out.append("\\\\");
                default -> {
                    if (c == quote) {
                        out.append('\\').append(quote);
                    } else if (isPrintable(c)) {
                        out.appendCodePoint(c);
                    } else {
                        out.append(
                                c < 0x100
                                        ? "\\x%02x".formatted(c)
                                        : c < 0x10000 ? "\\u%04x".formatted(c) : "\\U%08x".formatted(c));
                    }
                }
            }
        });
        out.append(quote);
    }

    private static boolean isPrintable(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> false;
            case Character.SPACE_SEPARATOR -> c == ' ';
            default -> true;
        };
    }

    /** The shortest digits that give the number back, laid out as Python does. */
    static String real(double value) {
        if (Double.isNaN(value)) {
            return "nan";
        }
        if (Double.isInfinite(value)) {
            return value > 0 ? "inf" : "-inf";
        }
        if (value == 0) {
            return 1 / value < 0 ? "-0.0" : "0.0";
        }
        BigDecimal exact = new BigDecimal(Double.toString(Math.abs(value))).stripTrailingZeros();
        String digits = exact.unscaledValue().toString();
        int exponent = digits.length() - 1 - exact.scale();
        String sign = value < 0 ? "-" : "";
        if (exponent >= MIN_PLAIN_EXPONENT && exponent < MIN_EXPONENT_DIGITS) {
            String plain = exact.toPlainString();
            return sign + plain + (plain.indexOf('.') < 0 ? ".0" : "");
        }
        String fraction = digits.length() > 1 ? "." + digits.substring(1) : "";
        return sign + digits.charAt(0) + fraction + "e" + (exponent < 0 ? "-" : "+")
                + "%02d".formatted(Math.abs(exponent));
    }
}
