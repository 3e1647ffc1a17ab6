package dev.contexture.model.template;

import dev.contexture.model.template.Signature.Bound;
import dev.contexture.model.template.Value.Dict;
import dev.contexture.model.template.Value.Items;
import dev.contexture.model.template.Value.Str;
import dev.contexture.model.template.Value.Undefined;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** Filters that give text. */
final class TextFilters {
    private static final int MAX_INDENT = 1_000;
    private static final String TITLE_BREAKS = "-({[<";
    private static final String URL_SAFE = "_.-~/";

    private TextFilters() {}

    static void register(Filters.Registry filters) {
        filters.add("string", "", (v, a, r) -> Value.of(Python.str(v)));
        filters.alias("safe", "string");
        filters.add("upper", "", (v, a, r) -> Value.of(Text.upper(Python.str(v))));
        filters.add("lower", "", (v, a, r) -> Value.of(Text.lower(Python.str(v))));
        filters.add("capitalize", "", (v, a, r) -> Value.of(Text.capitalize(Python.str(v))));
        filters.add("title", "", (v, a, r) -> Value.of(title(Python.str(v))));
        filters.add(
                "trim",
                "chars?",
                (v, a, r) -> Value.of(Text.strip(
                        Python.str(v),
                        a.isSet("chars") ? Optional.of(a.text("chars")) : Optional.empty(),
                        true,
                        true)));
        filters.add(
                "replace",
                "old new count?",
                (v, a, r) -> Value.of(Text.replace(
                        Python.str(v),
                        Python.str(a.value("old")),
                        Python.str(a.value("new")),
                        a.isSet("count") ? a.integer("count", -1) : -1)));
        filters.add("escape", "", (v, a, r) -> Value.of(escape(Python.str(v))));
        filters.alias("e", "escape");
        filters.alias("forceescape", "escape");
        filters.add(
                "center", "width?", (v, a, r) -> Value.of(Text.pad(Python.str(v), a.integer("width", 80), " ", '^')));
        filters.add("indent", "width? first? blank?", (v, a, r) -> Value.of(indent(Python.str(v), a)));
        filters.add("truncate", "length? killwords? end? leeway?", (v, a, r) -> Value.of(truncate(Python.str(v), a)));
        filters.add("wordcount", "", (v, a, r) -> Value.of(wordCount(Python.str(v))));
        filters.add("striptags", "", (v, a, r) -> Value.of(stripTags(Python.str(v))));
        filters.add("urlencode", "", (v, a, r) -> Value.of(urlEncode(v)));
        filters.add("tojson", "ensure_ascii? indent? separators? sort_keys?", (v, a, r) -> Value.of(json(v, a)));
        filters.raw("format", (v, a, r) -> Value.of(percentFormat(Python.str(v), a)));
    }

    private static String percentFormat(String format, Arguments arguments) {
        if (!arguments.named().isEmpty() && !arguments.positional().isEmpty()) {
            throw new EvaluationException("format takes arguments with names or without, not both");
        }
        return PercentFormat.format(
                format,
                arguments.named().isEmpty()
                        ? new Items(Items.Kind.TUPLE, arguments.positional())
                        : Dict.named(arguments.named()));
    }

    /** Unlike {@code str.title}, only blanks, dashes and opening brackets begin a word. */
    private static String title(String text) {
        StringBuilder out = new StringBuilder(text.length());
        boolean begins = true;
        for (int c : text.codePoints().toArray()) {
            boolean isBreak = Python.isSpace(c) || TITLE_BREAKS.indexOf(c) >= 0;
            String one = Character.toString(c);
            out.append(isBreak ? one : begins ? Text.upper(one) : Text.lower(one));
            begins = isBreak;
        }
        return out.toString();
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("'", "&#39;")
                .replace("\"", "&#34;");
    }

    private static String indent(String text, Bound arguments) {
        String indent = indentOf(arguments.value("width", Value.of(4)));
        boolean blank = arguments.flag("blank", false);
        List<String> lines = Text.lines(text + "\n", false);
        Value.checkWeight(text.length() + (long) lines.size() * indent.length());
        StringBuilder out = new StringBuilder(arguments.flag("first", false) ? indent : "");
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i);
            out.append(i == 0 ? "" : "\n")
                    .append(i > 0 && (blank || !line.isEmpty()) ? indent : "")
                    .append(line);
        }
        return out.toString();
    }

    private static String indentOf(Value width) {
        if (width instanceof Str text) {
            return text.text();
        }
        int blanks = Python.index(width);
        if (blanks > MAX_INDENT) {
            throw new EvaluationException("an indent of " + blanks + " is more than " + MAX_INDENT);
        }
        return " ".repeat(Math.max(0, blanks));
    }

    private static String truncate(String text, Bound arguments) {
        int length = arguments.integer("length", 255);
        String end = arguments.text("end", "...");
        int leeway = arguments.isSet("leeway") ? arguments.integer("leeway", 5) : 5;
        int kept = length - end.codePointCount(0, end.length());
        if (kept < 0 || leeway < 0) {
            throw new EvaluationException(
                    "truncate needs a length of at least the end's and a leeway of at least 0, not " + length + " and "
                            + leeway);
        }
        if (text.codePointCount(0, text.length()) <= (long) length + leeway) {
            return text;
        }
        String cut = text.substring(0, text.offsetByCodePoints(0, kept));
        int blank = cut.lastIndexOf(' ');
        boolean whole = arguments.flag("killwords", false) || blank < 0;
        return (whole ? cut : cut.substring(0, blank)) + end;
    }

    private static int wordCount(String text) {
        int count = 0;
        boolean inWord = false;
        for (int c : text.codePoints().toArray()) {
            boolean letter = Character.isLetterOrDigit(c) || c == '_';
            count += letter && !inWord ? 1 : 0;
            inWord = letter;
        }
        return count;
    }

    private static String stripTags(String text) {
        String plain = without(without(text, "<!--", "-->"), "<", ">");
        return String.join(" ", Text.splitSpace(plain, Integer.MAX_VALUE))
                .replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&#39;", "'")
                .replace("&#34;", "\"")
                .replace("&quot;", "\"")
                .replace("&amp;", "&");
    }

    private static String without(String text, String open, String close) {
        StringBuilder out = new StringBuilder();
        int at = 0;
        while (true) {
            int begin = text.indexOf(open, at);
            int end = begin < 0 ? -1 : text.indexOf(close, begin + open.length());
            if (end < 0) {
                return out.append(text, at, text.length()).toString();
            }
            out.append(text, at, begin);
            at = end + close.length();
        }
    }

    private static String urlEncode(Value value) {
        if (value instanceof Str || !Python.isIterable(value)) {
            return quote(Python.str(value), true);
        }
        List<Value> pairs = value instanceof Dict dict ? dict.pairs() : Python.items(value);
        return pairs.stream()
                .map(pair -> Python.items(pair).stream()
                        .map(part -> quote(Python.str(part), false))
                        .collect(Collectors.joining("=")))
                .collect(Collectors.joining("&"));
    }

    private static String quote(String text, boolean path) {
        StringBuilder out = new StringBuilder();
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            char c = (char) (b & 0xFF);
            boolean letter = c < 128 && Character.isLetterOrDigit(c);
            if (letter || URL_SAFE.indexOf(c) >= 0 && (path || c != '/')) {
                out.append(c);
            } else if (c == ' ' && !path) {
                out.append('+');
            } else {
                out.append("%%%02X".formatted((int) c));
            }
        }
        return out.toString();
    }

    private static String json(Value value, Bound arguments) {
        if (value instanceof Undefined) {
            throw new EvaluationException("Object of type Undefined is not JSON serializable");
        }
        Optional<String> indent =
                arguments.isSet("indent") ? Optional.of(indentOf(arguments.value("indent"))) : Optional.empty();
        String item = indent.isPresent() ? "," : ", ";
        String key = ": ";
        if (arguments.isSet("separators")) {
            List<Value> pair = Python.items(arguments.value("separators"));
            if (pair.size() != 2 || !(pair.get(0) instanceof Str first) || !(pair.get(1) instanceof Str second)) {
                throw new EvaluationException("separators must be a pair of texts");
            }
            item = first.text();
            key = second.text();
        }
        boolean sorted = arguments.flag("sort_keys", false);
        return new Json(indent, item, key, sorted, arguments.flag("ensure_ascii", false)).write(value);
    }

    /** Text in lower case, anything else as it is: how filters compare without case. */
    static Value withoutCase(Value value) {
        return value instanceof Str s ? Value.of(Text.lower(s.text())) : value;
    }
}
