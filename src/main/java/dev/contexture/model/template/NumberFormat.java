package dev.contexture.model.template;

import dev.contexture.model.template.Value.Real;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.Locale;

/**
 * How one value is laid out by {@code %} or {@code str.format}.
 *
 * @param fill character for missing width
 * @param alignment {@code <}, {@code >}, {@code ^}, or {@code =}: between sign and digits
 * @param plus what stands before numbers that are not negative: "", "+" or " "
 * @param width fewest characters
 * @param precision digits behind the point, or most characters of text; negative: not given
 * @param type a conversion such as d, f or s
 */
record NumberFormat(char fill, char alignment, String plus, boolean grouped, int width, int precision, char type) {
    /** Most characters that a width or precision may ask for. */
    static final int MAX_WIDTH = 10_000;

    NumberFormat {
        if (width > MAX_WIDTH || precision > MAX_WIDTH) {
            throw new EvaluationException("a format asks for more than " + MAX_WIDTH + " characters");
        }
    }

    String format(Value value) {
        String body = switch (type) {
            case 's' -> cut(Python.str(value));
            case 'r' -> cut(Repr.of(value));
            case 'c' -> character(value);
            case 'd', 'i', 'u' -> digits(toInteger(value), 10);
            case 'x' -> digits(toInteger(value), 16);
            case 'X' -> digits(toInteger(value), 16).toUpperCase(Locale.ROOT);
            case 'o' -> digits(toInteger(value), 8);
            case 'b' -> digits(toInteger(value), 2);
            case 'f', 'F', 'e', 'E', 'g', 'G', '%' -> real(toReal(value));
            default -> throw new EvaluationException("the format '" + type + "' is not supported");
        };
        return pad(body);
    }

    private String cut(String text) {
        return precision < 0 || text.codePointCount(0, text.length()) <= precision
                ? text
                : text.substring(0, text.offsetByCodePoints(0, precision));
    }

    private static String character(Value value) {
        if (value instanceof Value.Str s && s.length() == 1) {
            return s.text();
        }
        int code = Python.index(value);
        if (!Character.isValidCodePoint(code)) {
            throw new EvaluationException("%c needs one character");
        }
        return Character.toString(code);
    }

    private BigInteger toInteger(Value value) {
        if (value instanceof Real r && Double.isFinite(r.value())) {
            return new BigDecimal(r.value()).toBigInteger();
        }
        if (!Python.isNumber(Python.defined(value)) || value instanceof Real) {
            throw new EvaluationException("the format '" + type + "' needs a number, not " + Python.typeName(value));
        }
        return Python.integer(value);
    }

    private double toReal(Value value) {
        if (!Python.isNumber(Python.defined(value))) {
            throw new EvaluationException("the format '" + type + "' needs a number, not " + Python.typeName(value));
        }
        return Python.real(value);
    }

    private String digits(BigInteger value, int radix) {
        String text = value.abs().toString(radix);
        return signed(value.signum() < 0, grouped ? group(text) : text);
    }

    private static String group(String digits) {
        StringBuilder out = new StringBuilder(digits);
        for (int at = digits.length() - 3; at > 0; at -= 3) {
            out.insert(at, ',');
        }
        return out.toString();
    }

    private String signed(boolean negative, String text) {
        return (negative ? "-" : plus) + text;
    }

    private String real(double value) {
        boolean negative = value < 0 || value == 0 && 1 / value < 0;
        double size = Math.abs(value);
        if (!Double.isFinite(value)) {
            return signed(negative, Double.isNaN(value) ? "nan" : "inf");
        }
        int digits = precision < 0 ? 6 : precision;
        String text = switch (Character.toLowerCase(type)) {
            case 'f' -> fixed(size, digits);
            case '%' -> fixed(size * 100, digits) + "%";
            case 'e' -> exponent(size, digits);
            default -> general(size, Math.max(1, digits));
        };
        return signed(negative, Character.isUpperCase(type) ? text.toUpperCase(Locale.ROOT) : text);
    }

    private String fixed(double size, int digits) {
        String text =
                new BigDecimal(size).setScale(digits, RoundingMode.HALF_EVEN).toPlainString();
        if (!grouped) {
            return text;
        }
        int point = text.indexOf('.') < 0 ? text.length() : text.indexOf('.');
        return group(text.substring(0, point)) + text.substring(point);
    }

    private static String exponent(double size, int digits) {
        BigDecimal rounded = new BigDecimal(size).round(new java.math.MathContext(digits + 1, RoundingMode.HALF_EVEN));
        String unscaled = rounded.unscaledValue().toString();
        int power = size == 0 ? 0 : unscaled.length() - 1 - rounded.scale();
        StringBuilder mantissa = new StringBuilder(unscaled);
        while (mantissa.length() < digits + 1) {
            mantissa.append('0');
        }
        mantissa.setLength(digits + 1);
        if (digits > 0) {
            mantissa.insert(1, '.');
        }
        return mantissa + "e" + (power < 0 ? "-" : "+") + "%02d".formatted(Math.abs(power));
    }

    private static String general(double size, int digits) {
        String scientific = exponent(size, digits - 1);
        int power = Integer.parseInt(scientific.substring(scientific.indexOf('e') + 1));
        if (power < -4 || power >= digits) {
            int at = scientific.indexOf('e');
            return trimZeros(scientific.substring(0, at)) + scientific.substring(at);
        }
        return trimZeros(new BigDecimal(size)
                .setScale(digits - 1 - power, RoundingMode.HALF_EVEN)
                .toPlainString());
    }

    private static String trimZeros(String text) {
        if (text.indexOf('.') < 0) {
            return text;
        }
        int end = text.length();
        while (text.charAt(end - 1) == '0') {
            end--;
        }
        return text.substring(0, text.charAt(end - 1) == '.' ? end - 1 : end);
    }

    private String pad(String body) {
        int missing = width - body.codePointCount(0, body.length());
        if (missing <= 0) {
            return body;
        }
        String padding = String.valueOf(fill);
        int signs = !body.isEmpty() && "+- ".indexOf(body.charAt(0)) >= 0 ? 1 : 0;
        return switch (alignment) {
            case '<' -> body + padding.repeat(missing);
            case '^' -> padding.repeat(missing / 2) + body + padding.repeat(missing - missing / 2);
            case '=' -> body.substring(0, signs) + padding.repeat(missing) + body.substring(signs);
            default -> padding.repeat(missing) + body;
        };
    }
}
