package dev.contexture.model.template;

import dev.contexture.model.template.Value.Int;
import dev.contexture.model.template.Value.Items;
import dev.contexture.model.template.Value.Real;
import dev.contexture.model.template.Value.Str;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;

/** Python's arithmetic and comparison operators. */
final class Operators {
    private Operators() {}

    static Value arithmetic(String operator, Value a, Value b) {
        Python.defined(a);
        Python.defined(b);
        if (Python.isNumber(a) && Python.isNumber(b)) {
            return a instanceof Real || b instanceof Real
                    ? reals(operator, Python.real(a), Python.real(b))
                    : integers(operator, Python.integer(a), Python.integer(b));
        }
        if (operator.equals("%") && a instanceof Str format) {
            return Value.of(PercentFormat.format(format.text(), b));
        }
        return switch (operator) {
            case "+" -> plus(a, b);
            case "*" -> times(a, b);
            default -> throw unsupported(operator, a, b);
        };
    }

    private static Value plus(Value a, Value b) {
        if (a instanceof Str s && b instanceof Str t) {
            Value.checkWeight(s.weight() + t.weight());
            return Value.of(s.text() + t.text());
        }
        if (a instanceof Items x && b instanceof Items y && x.kind() == y.kind() && isRepeatable(x)) {
            List<Value> all = new ArrayList<>(x.values());
            all.addAll(y.values());
            return new Items(x.kind(), all);
        }
        throw unsupported("+", a, b);
    }

    private static Value times(Value a, Value b) {
        if (Python.isNumber(a) && !(a instanceof Real)) {
            return repeated(b, a);
        }
        return repeated(a, b);
    }

    private static Value repeated(Value value, Value times) {
        if (times instanceof Real || !Python.isNumber(times)) {
            throw unsupported("*", value, times);
        }
        int count = Math.max(0, Python.index(times));
        Value.checkWeight(count * (value.weight() - 1));
        if (value instanceof Str s) {
            return Value.of(s.text().repeat(s.text().isEmpty() ? 0 : count));
        }
        if (value instanceof Items items && isRepeatable(items)) {
            List<Value> all = new ArrayList<>();
            for (int i = 0; i < count && !items.values().isEmpty(); i++) {
                all.addAll(items.values());
            }
            return new Items(items.kind(), all);
        }
        throw unsupported("*", value, times);
    }

    private static boolean isRepeatable(Items items) {
        return items.kind() == Items.Kind.LIST || items.kind() == Items.Kind.TUPLE;
    }

    private static Value integers(String operator, BigInteger a, BigInteger b) {
        return switch (operator) {
            case "+" -> new Int(a.add(b));
            case "-" -> new Int(a.subtract(b));
            case "*" -> new Int(a.multiply(b));
            case "**" -> b.signum() < 0 ? reals("**", a.doubleValue(), b.doubleValue()) : new Int(power(a, b));
            default -> {
                if (b.signum() == 0) {
                    throw new EvaluationException("division by zero");
                }
                BigInteger[] parts = a.divideAndRemainder(b);
                boolean down = parts[1].signum() != 0 && parts[1].signum() != b.signum();
                yield switch (operator) {
                    case "/" -> new Real(a.doubleValue() / b.doubleValue());
                    case "//" -> new Int(down ? parts[0].subtract(BigInteger.ONE) : parts[0]);
                    case "%" -> new Int(down ? parts[1].add(b) : parts[1]);
                    default -> throw new IllegalArgumentException("unknown operator " + operator);
                };
            }
        };
    }

    private static BigInteger power(BigInteger base, BigInteger exponent) {
        if (base.bitLength() <= 1 && base.signum() >= 0 && base.bitLength() < 2) {
            return exponent.signum() == 0 ? BigInteger.ONE : base;
        }
        if (exponent.bitLength() > 16 || (long) base.bitLength() * exponent.intValue() > 2L * Value.MAX_INTEGER_BITS) {
            throw new EvaluationException("an integer would be longer than " + Value.MAX_INTEGER_BITS + " bits");
        }
        return base.pow(exponent.intValue());
    }

    private static Value reals(String operator, double a, double b) {
        if (b == 0 && (operator.equals("/") || operator.equals("//") || operator.equals("%"))) {
            throw new EvaluationException("float division by zero");
        }
        return new Real(
                switch (operator) {
                    case "+" -> a + b;
                    case "-" -> a - b;
                    case "*" -> a * b;
                    case "/" -> a / b;
                    case "//" -> Math.floor(a / b);
                    case "%" -> modulo(a, b);
                    case "**" -> realPower(a, b);
                    default -> throw new IllegalArgumentException("unknown operator " + operator);
                });
    }

    /** The result has the divisor's sign. */
    private static double modulo(double a, double b) {
        double rest = a % b;
        return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest == 0 ? Math.copySign(0.0, b) : rest;
    }

    private static double realPower(double a, double b) {
        if (a == 0 && b < 0) {
            throw new EvaluationException("0.0 cannot be raised to a negative power");
        }
        double result = Math.pow(a, b);
        if (Double.isNaN(result) && !Double.isNaN(a) && !Double.isNaN(b)) {
            throw new EvaluationException("a negative number cannot be raised to a fraction here");
        }
        if (Double.isInfinite(result) && Double.isFinite(a) && Double.isFinite(b)) {
            throw new EvaluationException("numerical result out of range");
        }
        return result;
    }

    static Value signed(boolean negative, Value value) {
        Python.defined(value);
        if (value instanceof Real r) {
            return negative ? new Real(-r.value()) : r;
        }
        if (!Python.isNumber(value)) {
            throw new EvaluationException(
                    "bad operand type for unary " + (negative ? "-" : "+") + ": '" + Python.typeName(value) + "'");
        }
        BigInteger number = Python.integer(value);
        return new Int(negative ? number.negate() : number);
    }

    static boolean comparison(String operator, Value a, Value b) {
        return switch (operator) {
            case "==" -> Python.equal(a, b);
            case "!=" -> !Python.equal(a, b);
            case "in" -> Python.contains(b, a);
            case "not in" -> !Python.contains(b, a);
            default -> {
                int order = Python.compare(a, b, operator);
                boolean holds = switch (operator) {
                    case "<" -> order < 0;
                    case "<=" -> order <= 0;
                    case ">" -> order > 0;
                    case ">=" -> order >= 0;
                    default -> throw new IllegalArgumentException("unknown operator " + operator);
                };
                yield holds && !Python.isNan(a) && !Python.isNan(b);
            }
        };
    }

    private static EvaluationException unsupported(String operator, Value a, Value b) {
        return new EvaluationException("unsupported operand types for " + operator + ": '" + Python.typeName(a)
                + "' and '" + Python.typeName(b) + "'");
    }
}
