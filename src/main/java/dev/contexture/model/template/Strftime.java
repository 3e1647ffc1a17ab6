package dev.contexture.model.template;

import java.time.ZonedDateTime;
import java.time.format.TextStyle;
import java.time.temporal.ChronoField;
import java.time.temporal.IsoFields;
import java.util.Locale;

/** C's {@code strftime} in English, with the GNU flags that change padding; a time without a zone, as templates see it. */
final class Strftime {
    private static final String FLAGS = "-_0^#";

    private final ZonedDateTime time;

    private Strftime(ZonedDateTime time) {
        this.time = time;
    }

    static String format(ZonedDateTime time, String format) {
        return new Strftime(time).run(format);
    }

    private String run(String format) {
        StringBuilder out = new StringBuilder();
        int at = 0;
        while (at < format.length()) {
            char c = format.charAt(at++);
            if (c != '%' || at == format.length()) {
                out.append(c);
                continue;
            }
            int start = at - 1;
            char flag = ' ';
            while (at < format.length() - 1 && FLAGS.indexOf(format.charAt(at)) >= 0) {
                flag = format.charAt(at++);
            }
            char directive = format.charAt(at++);
            String value = directive(directive, flag);
            out.append(value.equals("%?") ? format.substring(start, at) : flag == '^' ? Text.upper(value) : value);
            Value.checkWeight(out.length());
        }
        return out.toString();
    }

    private String directive(char directive, char flag) {
        int hour12 = time.get(ChronoField.CLOCK_HOUR_OF_AMPM);
        return switch (directive) {
            case '%' -> "%";
            case 'n' -> "\n";
            case 't' -> "\t";
            case 'a' -> time.getDayOfWeek().getDisplayName(TextStyle.SHORT, Locale.ENGLISH);
            case 'A' -> time.getDayOfWeek().getDisplayName(TextStyle.FULL, Locale.ENGLISH);
            case 'b', 'h' ->
                time.getMonth().getDisplayName(TextStyle.FULL, Locale.ENGLISH).substring(0, 3);
            case 'B' -> time.getMonth().getDisplayName(TextStyle.FULL, Locale.ENGLISH);
            case 'p' -> time.getHour() < 12 ? "AM" : "PM";
            case 'P' -> time.getHour() < 12 ? "am" : "pm";
            case 'd' -> number(time.getDayOfMonth(), 2, '0', flag);
            case 'e' -> number(time.getDayOfMonth(), 2, '_', flag);
            case 'm' -> number(time.getMonthValue(), 2, '0', flag);
            case 'y' -> number(Math.floorMod(time.getYear(), 100), 2, '0', flag);
            case 'Y' -> number(time.getYear(), 1, '0', flag);
            case 'C' -> number(Math.floorDiv(time.getYear(), 100), 2, '0', flag);
            case 'j' -> number(time.getDayOfYear(), 3, '0', flag);
            case 'H' -> number(time.getHour(), 2, '0', flag);
            case 'k' -> number(time.getHour(), 2, '_', flag);
            case 'I' -> number(hour12, 2, '0', flag);
            case 'l' -> number(hour12, 2, '_', flag);
            case 'M' -> number(time.getMinute(), 2, '0', flag);
            case 'S' -> number(time.getSecond(), 2, '0', flag);
            case 'f' -> number(time.getNano() / 1_000, 6, '0', ' ');
            case 's' -> String.valueOf(time.toEpochSecond());
            case 'u' -> String.valueOf(time.getDayOfWeek().getValue());
            case 'w' -> String.valueOf(weekdayFromSunday());
            case 'U' -> number((time.getDayOfYear() + 6 - weekdayFromSunday()) / 7, 2, '0', flag);
            case 'W' -> number((time.getDayOfYear() + 7 - time.getDayOfWeek().getValue()) / 7, 2, '0', flag);
            case 'V' -> number(time.get(IsoFields.WEEK_OF_WEEK_BASED_YEAR), 2, '0', flag);
            case 'G' -> number(time.get(IsoFields.WEEK_BASED_YEAR), 1, '0', flag);
            case 'g' -> number(Math.floorMod(time.get(IsoFields.WEEK_BASED_YEAR), 100), 2, '0', flag);
            case 'z', 'Z' -> "";
            case 'D', 'x' -> run("%m/%d/%y");
            case 'F' -> run("%Y-%m-%d");
            case 'T', 'X' -> run("%H:%M:%S");
            case 'R' -> run("%H:%M");
            case 'r' -> run("%I:%M:%S %p");
            case 'c' -> run("%a %b %e %H:%M:%S %Y");
            default -> "%?";
        };
    }

    private int weekdayFromSunday() {
        return time.getDayOfWeek().getValue() % 7;
    }

    private static String number(int value, int width, char padding, char flag) {
        char pad = flag == '-' || flag == '_' || flag == '0' ? flag : padding;
        String digits = String.valueOf(value);
        return pad == '-' ? digits : Text.pad(digits, width, pad == '_' ? " " : "0", '>');
    }
}
