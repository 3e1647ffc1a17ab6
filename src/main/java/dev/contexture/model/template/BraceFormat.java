package dev.contexture.model.template;

import dev.contexture.model.template.Value.Real;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Python's {@code text.format(...)}; a field is a number, a name or nothing, perhaps with a layout. */
final class BraceFormat {
    private static final Pattern LAYOUT = Pattern.compile(
            "(?:(?<fill>.)?(?<align>[<>=^]))?(?<sign>[-+ ])?(?<zero>0)?(?<width>[0-9]{1,8})?(?<group>,)?"
                    + "(?:\\.(?<precision>[0-9]{1,8}))?(?<type>[a-zA-Z%])?",
            Pattern.DOTALL);

    private final Arguments arguments;
    private int automatic;

    private BraceFormat(Arguments arguments) {
        this.arguments = arguments;
    }

    static String format(String format, Arguments arguments) {
        return new BraceFormat(arguments).run(format);
    }

    private String run(String format) {
        StringBuilder out = new StringBuilder();
        int at = 0;
        while (at < format.length()) {
            char c = format.charAt(at);
            boolean doubled = at + 1 < format.length() && format.charAt(at + 1) == c;
            if (c != '{' && c != '}') {
                out.append(c);
                at++;
            } else if (doubled) {
                out.append(c);
                at += 2;
            } else {
                int close = format.indexOf('}', at);
                if (c == '}' || close < 0) {
                    throw new EvaluationException("a single '" + c + "' in a format string");
                }
                out.append(field(format.substring(at + 1, close)));
                Value.checkWeight(out.length());
                at = close + 1;
            }
        }
        return out.toString();
    }

    private String field(String field) {
        int colon = field.indexOf(':');
        String head = colon < 0 ? field : field.substring(0, colon);
        String layout = colon < 0 ? "" : field.substring(colon + 1);
        boolean repr = head.endsWith("!r");
        String name = repr || head.endsWith("!s") ? head.substring(0, head.length() - 2) : head;
        Value value = argument(name);
        return layout(repr ? Value.of(Repr.of(value)) : value, layout);
    }

    private Value argument(String name) {
        if (name.isEmpty() || name.chars().allMatch(c -> c >= '0' && c <= '9')) {
            int position = name.isEmpty() ? automatic++ : PercentFormat.parse(name);
            if (position >= arguments.positional().size()) {
                throw new EvaluationException("the format wants argument " + position + ", which is missing");
            }
            return arguments.positional().get(position);
        }
        Value value = arguments.named().get(name);
        if (value == null) {
            throw new EvaluationException("the format wants the argument '" + name + "', which is missing");
        }
        return value;
    }

    private static String layout(Value value, String layout) {
        if (layout.isEmpty()) {
            return Python.str(value);
        }
        Matcher parts = LAYOUT.matcher(layout);
        if (!parts.matches()) {
            throw new EvaluationException("the format '" + layout + "' is not supported");
        }
        boolean number = Python.isNumber(value);
        boolean zero = parts.group("zero") != null;
        String align = parts.group("align");
        String fill = parts.group("fill");
        String sign = parts.group("sign");
        String type = parts.group("type");
        String width = parts.group("width");
        String precision = parts.group("precision");
        char byDefault = !number ? 's' : value instanceof Real ? (precision == null ? 's' : 'g') : 'd';
        return new NumberFormat(
                        fill != null ? fill.charAt(0) : zero ? '0' : ' ',
                        align != null ? align.charAt(0) : zero ? '=' : number ? '>' : '<',
                        sign == null || sign.equals("-") ? "" : sign,
                        parts.group("group") != null,
                        width == null ? 0 : Integer.parseInt(width),
                        precision == null ? -1 : Integer.parseInt(precision),
                        type == null ? byDefault : type.charAt(0))
                .format(value);
    }
}
