package dev.contexture.constrain.automaton;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Automata of JSON numbers within bounds, digit by digit. */
public final class Numbers {
    /** Where no bound says otherwise: digits of a whole number, which fit 64 bits. */
    static final int INTEGER_DIGITS = 18;

    static final int DIGITS_BEFORE_POINT = 15;
    static final int DIGITS_BEHIND_POINT = 17;
    private static final int EXPONENT_DIGITS = 2;
    /** Longer bounds are refused. */
    private static final int MOST_DIGITS = 400;

    private static final ByteClasses CLASSES = ByteClasses.ofSingles("0123456789-+.eE");

    /**
     * Which numbers.
     *
     * @param whole only those without a fraction
     * @param least null: none
     * @param most null: none
     * @param multiple positive: only its multiples; null: all
     */
    public record Range(
            boolean whole,
            @Nullable BigDecimal least,
            boolean leastExcluded,
            @Nullable BigDecimal most,
            boolean mostExcluded,
            @Nullable BigDecimal multiple) {
        /** Whether there is neither a bound nor a divisor. */
        boolean isOpen() {
            return least == null && most == null && multiple == null;
        }
    }

    private final Range range;
    private final int digitsBehind;
    private final @Nullable BigInteger scaledMultiple;
    private final Side positive;
    private final Side negative;

    private Numbers(Range range) {
        this.range = range;
        BigDecimal multiple = range.multiple == null ? null : plain(range.multiple);
        int scale = multiple == null ? 0 : Math.max(0, multiple.scale());
        this.scaledMultiple =
                multiple == null ? null : multiple.movePointRight(scale).toBigIntegerExact();
        int behind = Math.max(digitsBehind(range.least), digitsBehind(range.most)) + 1;
        this.digitsBehind =
                range.whole ? 0 : multiple != null ? scale : Math.max(behind, range.isOpen() ? DIGITS_BEHIND_POINT : 6);
        this.positive = side(
                range.most == null || range.most.signum() >= 0,
                range.least,
                range.leastExcluded,
                range.most,
                range.mostExcluded);
        this.negative = side(
                range.least == null || range.least.signum() < 0,
                negated(range.most),
                range.mostExcluded,
                negated(range.least),
                range.leastExcluded);
    }

    /**
     * @return empty if there is no such number
     * @throws TooLargeException if the automaton is
     */
    public static Optional<TableDfa> in(Range range, Work work) {
        if (range.multiple != null && range.multiple.signum() <= 0) {
            throw new IllegalArgumentException("a divisor must be positive");
        }
        Numbers numbers = new Numbers(range);
        return TableDfa.explore(
                new At(Part.START, false, 0, Order.EQUAL, Order.EQUAL, BigInteger.ZERO),
                CLASSES,
                numbers::next,
                numbers::ends,
                work);
    }

    private static BigDecimal plain(BigDecimal value) {
        BigDecimal plain = value.signum() == 0 ? BigDecimal.ZERO : value.stripTrailingZeros();
        if (plain.precision() - plain.scale() > MOST_DIGITS || plain.scale() > MOST_DIGITS) {
            throw new TooLargeException("a bound has more than " + MOST_DIGITS + " digits");
        }
        return plain;
    }

    private static int digitsBehind(@Nullable BigDecimal bound) {
        return bound == null ? 0 : Math.max(0, plain(bound).scale());
    }

    private static @Nullable BigDecimal negated(@Nullable BigDecimal value) {
        return value == null ? null : value.negate();
    }

    /** A bound of magnitudes as digits. */
    private record Bound(String before, String behind, boolean excluded) {
        static Bound of(BigDecimal value, boolean excluded) {
            BigDecimal whole = value.setScale(0, RoundingMode.DOWN);
            BigDecimal rest = value.subtract(whole).stripTrailingZeros();
            String digits = rest.signum() == 0 ? "" : rest.toPlainString().substring(2);
            return new Bound(whole.toPlainString(), digits, excluded);
        }
    }

    /** The magnitudes that one sign may have. */
    private record Side(
            boolean possible,
            @Nullable Bound least,
            @Nullable Bound most,
            int digitsBefore) {}

    private Side side(
            boolean possible,
            @Nullable BigDecimal least,
            boolean leastExcluded,
            @Nullable BigDecimal most,
            boolean mostExcluded) {
        Bound low = least == null || least.signum() < 0 ? null : Bound.of(plain(least), leastExcluded);
        Bound high = most == null || !possible ? null : Bound.of(plain(most), mostExcluded);
        int open = range.whole ? range.multiple == null ? INTEGER_DIGITS : INTEGER_DIGITS / 2 : DIGITS_BEFORE_POINT;
        int digits = high != null ? high.before.length() : Math.max(open, low == null ? 0 : low.before.length() + 1);
        return new Side(possible, low, high, digits);
    }

    private enum Part {
        START,
        SIGN,
        /** A zero before the point, behind which no digit may come. */
        ZERO,
        BEFORE_POINT,
        POINT,
        BEHIND_POINT,
        EXPONENT,
        EXPONENT_SIGN,
        EXPONENT_DIGITS
    }

    private enum Order {
        LESS,
        EQUAL,
        GREATER
    }

    /**
     * @param digits of the part
     * @param toLeast how the digits so far compare with as many of the lower bound's
     * @param remainder of the digits so far, as a whole number, by the divisor
     */
    private record At(Part part, boolean negative, int digits, Order toLeast, Order toMost, BigInteger remainder) {}

    private @Nullable At next(At at, int b) {
        boolean digit = b >= '0' && b <= '9';
        return switch (at.part) {
            case START ->
                b == '-' && negative.possible
                        ? new At(Part.SIGN, true, 0, at.toLeast, at.toMost, at.remainder)
                        : digit && positive.possible ? firstDigit(at, b - '0') : null;
            case SIGN -> digit ? firstDigit(at, b - '0') : null;
            case ZERO, BEFORE_POINT ->
                digit ? at.part == Part.ZERO ? null : beforePoint(at, b - '0') : b == '.' ? point(at) : exponent(at, b);
            case POINT -> digit ? behindPoint(at, b - '0') : null;
            case BEHIND_POINT -> digit ? behindPoint(at, b - '0') : exponent(at, b);
            case EXPONENT ->
                b == '+' || b == '-'
                        ? new At(Part.EXPONENT_SIGN, at.negative, 0, at.toLeast, at.toMost, at.remainder)
                        : digit ? exponentDigit(at) : null;
            case EXPONENT_SIGN -> digit ? exponentDigit(at) : null;
            case EXPONENT_DIGITS -> digit && at.digits < EXPONENT_DIGITS ? exponentDigit(at) : null;
        };
    }

    private Side sideOf(At at) {
        return at.negative ? negative : positive;
    }

    private @Nullable At firstDigit(At at, int digit) {
        At first = at.negative && digit == 0 && range.whole ? null : beforePoint(at, digit);
        return first == null || digit > 0
                ? first
                : new At(Part.ZERO, first.negative, 1, first.toLeast, first.toMost, first.remainder);
    }

    private @Nullable At beforePoint(At at, int digit) {
        Side side = sideOf(at);
        if (at.digits == side.digitsBefore) {
            return null;
        }
        return new At(
                Part.BEFORE_POINT,
                at.negative,
                at.digits + 1,
                compared(at.toLeast, side.least == null ? "" : side.least.before, at.digits, digit),
                compared(at.toMost, side.most == null ? "" : side.most.before, at.digits, digit),
                appended(at.remainder, digit));
    }

    /** Behind the last of the bound's digits before the point nothing changes: more digits decide. */
    private static Order compared(Order soFar, String bound, int position, int digit) {
        if (soFar != Order.EQUAL || position >= bound.length()) {
            return soFar;
        }
        int difference = digit - (bound.charAt(position) - '0');
        return difference < 0 ? Order.LESS : difference > 0 ? Order.GREATER : Order.EQUAL;
    }

    private BigInteger appended(BigInteger remainder, int digit) {
        return scaledMultiple == null
                ? BigInteger.ZERO
                : remainder
                        .multiply(BigInteger.TEN)
                        .add(BigInteger.valueOf(digit))
                        .mod(scaledMultiple);
    }

    private @Nullable At point(At at) {
        if (digitsBehind == 0) {
            return null;
        }
        Side side = sideOf(at);
        return new At(
                Part.POINT,
                at.negative,
                0,
                byLength(at.toLeast, side.least, at.digits),
                byLength(at.toMost, side.most, at.digits),
                at.remainder);
    }

    private static Order byLength(Order soFar, @Nullable Bound bound, int digits) {
        if (bound == null) {
            return Order.EQUAL;
        }
        int difference = digits - bound.before.length();
        return difference < 0 ? Order.LESS : difference > 0 ? Order.GREATER : soFar;
    }

    private @Nullable At behindPoint(At at, int digit) {
        if (at.digits == digitsBehind) {
            return null;
        }
        Side side = sideOf(at);
        return new At(
                Part.BEHIND_POINT,
                at.negative,
                at.digits + 1,
                comparedBehind(at.toLeast, side.least, at.digits, digit),
                comparedBehind(at.toMost, side.most, at.digits, digit),
                appended(at.remainder, digit));
    }

    private static Order comparedBehind(Order soFar, @Nullable Bound bound, int position, int digit) {
        if (bound == null || soFar != Order.EQUAL) {
            return soFar;
        }
        int its = position < bound.behind.length() ? bound.behind.charAt(position) - '0' : 0;
        return digit < its ? Order.LESS : digit > its ? Order.GREATER : Order.EQUAL;
    }

    private @Nullable At exponent(At at, int b) {
        return (b == 'e' || b == 'E') && range.isOpen() && !range.whole
                ? new At(Part.EXPONENT, at.negative, 0, Order.EQUAL, Order.EQUAL, BigInteger.ZERO)
                : null;
    }

    private static At exponentDigit(At at) {
        return new At(Part.EXPONENT_DIGITS, at.negative, at.digits + 1, at.toLeast, at.toMost, at.remainder);
    }

    private boolean ends(At at) {
        return switch (at.part) {
            case START, SIGN, POINT, EXPONENT, EXPONENT_SIGN -> false;
            case EXPONENT_DIGITS -> true;
            case ZERO, BEFORE_POINT -> {
                Side side = sideOf(at);
                yield within(
                                atEnd(byLength(at.toLeast, side.least, at.digits), side.least, 0),
                                atEnd(byLength(at.toMost, side.most, at.digits), side.most, 0),
                                side)
                        && isMultiple(at.remainder, 0);
            }
            case BEHIND_POINT -> {
                Side side = sideOf(at);
                yield within(atEnd(at.toLeast, side.least, at.digits), atEnd(at.toMost, side.most, at.digits), side)
                        && isMultiple(at.remainder, at.digits);
            }
        };
    }

    /** A number that ends before the bound does is less: the bound's last digit is not zero. */
    private static Order atEnd(Order soFar, @Nullable Bound bound, int digitsBehindPoint) {
        return bound != null && soFar == Order.EQUAL && digitsBehindPoint < bound.behind.length() ? Order.LESS : soFar;
    }

    private static boolean within(Order toLeast, Order toMost, Side side) {
        boolean above =
                side.least == null || toLeast == Order.GREATER || toLeast == Order.EQUAL && !side.least.excluded;
        boolean below = side.most == null || toMost == Order.LESS || toMost == Order.EQUAL && !side.most.excluded;
        return above && below;
    }

    private boolean isMultiple(BigInteger remainder, int digits) {
        if (scaledMultiple == null) {
            return true;
        }
        int scale =
                range.multiple == null ? 0 : Math.max(0, plain(range.multiple).scale());
        return remainder
                        .multiply(BigInteger.TEN.pow(scale - Math.min(scale, digits)))
                        .mod(scaledMultiple)
                        .signum()
                == 0;
    }
}
