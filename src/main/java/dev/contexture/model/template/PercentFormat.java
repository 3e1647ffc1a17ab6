package dev.contexture.model.template;

import dev.contexture.model.template.Value.Dict;
import dev.contexture.model.template.Value.Items;
import java.util.List;

/** Python's {@code text % values}. */
final class PercentFormat {
    private final String format;
    private final Value values;
    private final List<Value> positional;
    private int used;
    private int at;

    private PercentFormat(String format, Value values) {
        this.format = format;
        this.values = values;
        this.positional =
                values instanceof Items items && items.kind() == Items.Kind.TUPLE ? items.values() : List.of(values);
    }

    static String format(String format, Value values) {
        return new PercentFormat(format, values).run();
    }

    private String run() {
        StringBuilder out = new StringBuilder();
        while (at < format.length()) {
            char c = format.charAt(at++);
            if (c != '%') {
                out.append(c);
            } else if (peek() == '%') {
                at++;
                out.append('%');
            } else {
                out.append(conversion());
                Value.checkWeight(out.length());
            }
        }
        if (used < positional.size() && !(values instanceof Dict)) {
            throw new EvaluationException("not all arguments converted during string formatting");
        }
        return out.toString();
    }

    private char peek() {
        if (at >= format.length()) {
            throw new EvaluationException("incomplete format: " + format);
        }
        return format.charAt(at);
    }

    private String conversion() {
        Value value = null;
        if (peek() == '(') {
            int close = format.indexOf(')', at);
            if (close < 0 || !(values instanceof Dict dict)) {
                throw new EvaluationException("a format with names needs a closed parenthesis and a mapping");
            }
            String name = format.substring(at + 1, close);
            value = dict.get(Value.of(name))
                    .orElseThrow(() -> new EvaluationException("the format names '" + name + "', which is missing"));
            at = close + 1;
        }
        boolean left = false;
        boolean zero = false;
        String plus = "";
        for (; "-+ 0#".indexOf(peek()) >= 0; at++) {
            left |= peek() == '-';
            zero |= peek() == '0';
            plus = peek() == '+' ? "+" : peek() == ' ' && plus.isEmpty() ? " " : plus;
        }
        int width = Math.max(0, number());
        int precision = -1;
        if (peek() == '.') {
            at++;
            precision = Math.max(0, number());
        }
        char type = peek();
        at++;
        boolean zeros = zero && !left && "srca".indexOf(type) < 0;
        NumberFormat layout = new NumberFormat(
                zeros ? '0' : ' ', left ? '<' : zeros ? '=' : '>', plus, false, width, precision, type);
        return layout.format(value == null ? next() : value);
    }

    private int number() {
        if (peek() == '*') {
            at++;
            return Python.index(next());
        }
        int start = at;
        while (Character.isDigit(peek())) {
            at++;
        }
        return start == at ? -1 : parse(format.substring(start, at));
    }

    static int parse(String digits) {
        return digits.length() > 8 ? Integer.MAX_VALUE : Integer.parseInt(digits);
    }

    private Value next() {
        if (used >= positional.size()) {
            throw new EvaluationException("not enough arguments for format string");
        }
        return positional.get(used++);
    }
}
