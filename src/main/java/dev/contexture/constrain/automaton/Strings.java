package dev.contexture.constrain.automaton;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** Automata of JSON strings, quotes included, whose characters are spelled {@linkplain StringDfa.Spelling#CANONICAL in one way}. */
public final class Strings {
    private static final String NAMED = "\"\\\b\f\n\r\t";
    private static final String NAMES = "\"\\bfnrt";

    private static final String DATE = "(0[1-9][0-9]{2}|[1-9][0-9]{3})-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])"
            + "|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))";
    private static final String TIME = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?";
    private static final String OFFSET =
            "(Z|[+-]((0[1-9]|1[0-3]):[0-5][0-9]|00:(0[1-9]|[1-5][0-9]))|\\+00:00)"; // -00:00: an unknown zone, or wrong
    private static final String LABEL = "[A-Za-z0-9]([A-Za-z0-9-]{0,14}[A-Za-z0-9])?";
    private static final String HOST = LABEL + "(\\." + LABEL + "){0,3}";
    private static final String BYTE = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
    private static final String GROUP = "[0-9A-Fa-f]{1,4}";

    /** Subsets of the formats, where these have corners on which validators differ. */
    private static final Map<String, String> FORMATS = Map.of(
            "date", DATE,
            "time", TIME + "Z",
            "date-time", DATE + "T" + TIME + OFFSET,
            "duration",
                    "P([0-9]{1,6}W|[0-9]{1,6}Y([0-9]{1,6}M([0-9]{1,6}D)?)?|[0-9]{1,6}M([0-9]{1,6}D)?|[0-9]{1,6}D"
                            + "|([0-9]{1,6}D)?T([0-9]{1,6}H([0-9]{1,6}M([0-9]{1,6}S)?)?|[0-9]{1,6}M([0-9]{1,6}S)?|[0-9]{1,6}S))",
            "email",
                    "[A-Za-z0-9_+-]{1,20}(\\.[A-Za-z0-9_+-]{1,20}){0,2}@" + LABEL + "(\\." + LABEL
                            + "){0,2}\\.(com|org|net|edu|io|dev|de|eu|uk|fr)",
            "hostname", HOST,
            "ipv4", BYTE + "(\\." + BYTE + "){3}",
            "ipv6", "(" + GROUP + ":){7}" + GROUP + "|::(" + GROUP + ")?|" + GROUP + "::(" + GROUP + ")?",
            "uuid", "[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}",
            "uri",
                    "(https?|ftp)://" + HOST
                            + "(:[1-9][0-9]{0,3})?(/[A-Za-z0-9._~-]+)*/?(\\?[A-Za-z0-9._~=&-]*)?(#[A-Za-z0-9._~-]*)?");

    private Strings() {}

    /** Of strings in which a pattern is found, where dialects of patterns differ. */
    public enum Side {
        /** Those in which all dialects find it. */
        INNER,
        /** Those in which one does at least. */
        OUTER
    }

    /** A pattern or a format that strings must have. Equal to itself alone. */
    public static final class Pattern {
        private final Regex regex;

        private Pattern(Regex regex) {
            this.regex = regex;
        }

        /**
         * @throws RegexSyntaxException if it is no pattern or not regular
         */
        public static Pattern of(String pattern) {
            return new Pattern(RegexParser.parse(pattern));
        }

        /** Empty if the format is not known. */
        public static Optional<Pattern> ofFormat(String format) {
            return Optional.ofNullable(FormatPatterns.ALL.get(format));
        }
    }

    private static final class FormatPatterns {
        static final Map<String, Pattern> ALL = FORMATS.entrySet().stream()
                .collect(Collectors.toUnmodifiableMap(
                        Map.Entry::getKey, format -> Pattern.of("^(" + format.getValue() + ")$")));
    }

    /**
     * Strings in which all patterns are found.
     *
     * @param patterns at least one
     * @param least code points
     * @param most code points, at least {@code least}, or {@link StringDfa#UNBOUNDED}
     * @return empty if there is none
     * @throws TooLargeException if the automaton is
     */
    public static Optional<Dfa> with(List<Pattern> patterns, Side side, int least, int most, Work work) {
        return PatternNfa.strings(patterns.stream().map(p -> p.regex).toList(), side, least, most, work)
                .map(dfa -> dfa);
    }

    public static boolean isFormat(String format) {
        return FORMATS.containsKey(format);
    }

    /**
     * A text as a JSON string.
     *
     * @throws UnwritableTextException if it has half a surrogate pair or a character that is not assigned
     */
    public static byte[] quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        text.codePoints().forEach(c -> {
            if (!CodePoints.isUsed(c)) {
                throw new UnwritableTextException(String.format("U+%04X is no character", c));
            }
            int named = NAMED.indexOf(c);
            if (named >= 0) {
                quoted.append('\\').append(NAMES.charAt(named));
            } else if (c < 0x20) {
                quoted.append(String.format("\\u%04x", c));
            } else {
                quoted.appendCodePoint(c);
            }
        });
        return quoted.append('"').toString().getBytes(StandardCharsets.UTF_8);
    }
}
