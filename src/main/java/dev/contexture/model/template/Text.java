package dev.contexture.model.template;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What Python does with text, on Java strings. */
final class Text {
    /** Where {@code splitlines} cuts, beside CR LF. */
    private static final String LINE_ENDS = "\n\r\u000b\f\u001c\u001d\u001e\u0085\u2028\u2029";

    private Text() {}

    static String upper(String text) {
        return text.toUpperCase(Locale.ROOT);
    }

    static String lower(String text) {
        return text.toLowerCase(Locale.ROOT);
    }

    static String capitalize(String text) {
        if (text.isEmpty()) {
            return text;
        }
        int first = Character.charCount(text.codePointAt(0));
        return Character.toString(Character.toTitleCase(text.codePointAt(0))) + lower(text.substring(first));
    }

    /** {@code str.title}: a letter behind anything but a letter is a beginning. */
    static String title(String text) {
        StringBuilder out = new StringBuilder(text.length());
        boolean inWord = false;
        for (int c : text.codePoints().toArray()) {
            boolean cased = isCased(c);
            out.appendCodePoint(!cased ? c : inWord ? Character.toLowerCase(c) : Character.toTitleCase(c));
            inWord = cased;
        }
        return out.toString();
    }

    private static boolean isCased(int c) {
        return Character.isUpperCase(c) || Character.isLowerCase(c) || Character.isTitleCase(c);
    }

    static String swapCase(String text) {
        StringBuilder out = new StringBuilder(text.length());
        text.codePoints().forEach(c -> {
            String one = Character.toString(c);
            out.append(Character.isUpperCase(c) ? lower(one) : Character.isLowerCase(c) ? upper(one) : one);
        });
        return out.toString();
    }

    static boolean isUpper(String text) {
        return text.codePoints().anyMatch(Text::isCased)
                && text.codePoints().noneMatch(c -> Character.isLowerCase(c) || Character.isTitleCase(c));
    }

    static boolean isLower(String text) {
        return text.codePoints().anyMatch(Text::isCased)
                && text.codePoints().noneMatch(c -> Character.isUpperCase(c) || Character.isTitleCase(c));
    }

    /** @param chars characters to take away; empty: white space */
    static String strip(String text, Optional<String> chars, boolean left, boolean right) {
        int start = 0;
        int end = text.length();
        while (left && start < end && strips(text.codePointAt(start), chars)) {
            start += Character.charCount(text.codePointAt(start));
        }
        while (right && end > start && strips(text.codePointBefore(end), chars)) {
            end -= Character.charCount(text.codePointBefore(end));
        }
        return text.substring(start, end);
    }

    private static boolean strips(int c, Optional<String> chars) {
        return chars.isPresent() ? chars.get().indexOf(c) >= 0 : Python.isSpace(c);
    }

    static List<String> split(String text, String separator, int limit) {
        List<String> parts = new ArrayList<>();
        int start = 0;
        for (int at = text.indexOf(separator); at >= 0 && parts.size() < limit; at = text.indexOf(separator, start)) {
            parts.add(text.substring(start, at));
            start = at + separator.length();
        }
        parts.add(text.substring(start));
        return parts;
    }

    static List<String> splitFromRight(String text, String separator, int limit) {
        List<String> parts = new ArrayList<>();
        int end = text.length();
        while (parts.size() < limit && end >= separator.length()) {
            int at = text.lastIndexOf(separator, end - separator.length());
            if (at < 0) {
                break;
            }
            parts.add(text.substring(at + separator.length(), end));
            end = at;
        }
        parts.add(text.substring(0, end));
        Collections.reverse(parts);
        return parts;
    }

    static List<String> splitSpace(String text, int limit) {
        List<String> parts = new ArrayList<>();
        String rest = Python.stripLeading(text);
        int at = 0;
        while (at < rest.length()) {
            if (parts.size() == limit) {
                parts.add(Python.stripTrailing(rest.substring(at)));
                return parts;
            }
            int end = at;
            while (end < rest.length() && !Python.isSpace(rest.charAt(end))) {
                end++;
            }
            parts.add(rest.substring(at, end));
            at = end;
            while (at < rest.length() && Python.isSpace(rest.charAt(at))) {
                at++;
            }
        }
        return parts;
    }

    static List<String> splitSpaceFromRight(String text, int limit) {
        String reversed = new StringBuilder(text).reverse().toString();
        List<String> parts = new ArrayList<>();
        for (String part : splitSpace(reversed, limit)) {
            parts.add(new StringBuilder(part).reverse().toString());
        }
        Collections.reverse(parts);
        return parts;
    }

    static List<String> lines(String text, boolean keepEnds) {
        List<String> lines = new ArrayList<>();
        int start = 0;
        for (int at = 0; at < text.length(); at++) {
            char c = text.charAt(at);
            if (LINE_ENDS.indexOf(c) < 0) {
                continue;
            }
            int end = at;
            if (c == '\r' && at + 1 < text.length() && text.charAt(at + 1) == '\n') {
                at++;
            }
            lines.add(text.substring(start, keepEnds ? at + 1 : end));
            start = at + 1;
        }
        if (start < text.length()) {
            lines.add(text.substring(start));
        }
        return lines;
    }

    /** @param limit most replacements; negative: all */
    static String replace(String text, String old, String with, int limit) {
        if (limit == 0) {
            return text;
        }
        int most = limit < 0 ? Integer.MAX_VALUE : limit;
        StringBuilder out = new StringBuilder();
        int at = 0;
        int done = 0;
        while (done < most) {
            int found = text.indexOf(old, at);
            if (found < 0) {
                break;
            }
            out.append(text, at, found).append(with);
            Value.checkWeight(out.length());
            done++;
            at = found + old.length();
            if (old.isEmpty()) {
                if (found >= text.length()) {
                    break;
                }
                int next = text.offsetByCodePoints(found, 1);
                out.append(text, found, next);
                at = next;
            }
        }
        return out.append(text, at, text.length()).toString();
    }

    static int count(String text, String part) {
        if (part.isEmpty()) {
            return text.codePointCount(0, text.length()) + 1;
        }
        int count = 0;
        for (int at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length())) {
            count++;
        }
        return count;
    }

    /** @param alignment {@code <}, {@code >} or {@code ^} */
    static String pad(String text, int width, String fill, char alignment) {
        int missing = width - text.codePointCount(0, text.length());
        if (missing <= 0) {
            return text;
        }
        Value.checkWeight((long) width * fill.length());
        return switch (alignment) {
            case '<' -> text + fill.repeat(missing);
            case '>' -> fill.repeat(missing) + text;
            default -> {
                // CPython's rounding: the odd one goes left when the width is odd.
                int left = missing / 2 + (missing & width & 1);
                yield fill.repeat(left) + text + fill.repeat(missing - left);
            }
        };
    }

    static String zeroFill(String text, int width) {
        int signs = text.startsWith("-") || text.startsWith("+") ? 1 : 0;
        int rest = width - signs;
        return text.substring(0, signs) + pad(text.substring(signs), rest, "0", '>');
    }

    static String expandTabs(String text, int size) {
        StringBuilder out = new StringBuilder();
        int column = 0;
        for (int c : text.codePoints().toArray()) {
            if (c == '\t') {
                int blanks = size <= 0 ? 0 : size - column % size;
                Value.checkWeight(out.length() + (long) blanks);
                out.repeat(' ', blanks);
                column += blanks;
            } else {
                out.appendCodePoint(c);
                column = c == '\n' || c == '\r' ? 0 : column + 1;
            }
        }
        return out.toString();
    }
}
