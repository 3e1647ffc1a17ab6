package dev.contexture.model.template;

import dev.contexture.model.template.Signature.Bound;
import dev.contexture.model.template.Value.Items;
import dev.contexture.model.template.Value.Str;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntPredicate;

/** The methods of Python's {@code str} that chat templates use. */
final class StringMethods {
    private interface Body {
        Value apply(String self, Bound arguments);
    }

    private record Method(Signature signature, Body body) {}

    private static final Map<String, Method> METHODS = new HashMap<>();

    static {
        add("upper", "", (s, a) -> Value.of(Text.upper(s)));
        add("lower", "", (s, a) -> Value.of(Text.lower(s)));
        add("casefold", "", (s, a) -> Value.of(Text.lower(Text.upper(s))));
        add("title", "", (s, a) -> Value.of(Text.title(s)));
        add("capitalize", "", (s, a) -> Value.of(Text.capitalize(s)));
        add("swapcase", "", (s, a) -> Value.of(Text.swapCase(s)));
        add("strip", "chars?", (s, a) -> Value.of(Text.strip(s, chars(a), true, true)));
        add("lstrip", "chars?", (s, a) -> Value.of(Text.strip(s, chars(a), true, false)));
        add("rstrip", "chars?", (s, a) -> Value.of(Text.strip(s, chars(a), false, true)));
        add("split", "sep? maxsplit?", (s, a) -> split(s, a, false));
        add("rsplit", "sep? maxsplit?", (s, a) -> split(s, a, true));
        add("splitlines", "keepends?", (s, a) -> texts(Text.lines(s, a.flag("keepends", false))));
        add("partition", "sep", (s, a) -> partition(s, separator(a), false));
        add("rpartition", "sep", (s, a) -> partition(s, separator(a), true));
        add("startswith", "prefix start? end?", (s, a) -> Value.of(affix(a, "prefix", range(s, a)::startsWith)));
        add("endswith", "suffix start? end?", (s, a) -> Value.of(affix(a, "suffix", range(s, a)::endsWith)));
        add(
                "removeprefix",
                "prefix",
                (s, a) -> Value.of(
                        s.startsWith(a.text("prefix"))
                                ? s.substring(a.text("prefix").length())
                                : s));
        add(
                "removesuffix",
                "suffix",
                (s, a) -> Value.of(
                        s.endsWith(a.text("suffix"))
                                ? s.substring(0, s.length() - a.text("suffix").length())
                                : s));
        add(
                "replace",
                "old new count?",
                (s, a) -> Value.of(Text.replace(s, a.text("old"), a.text("new"), a.integer("count", -1))));
        add("find", "sub start? end?", (s, a) -> Value.of(find(s, a, false)));
        add("rfind", "sub start? end?", (s, a) -> Value.of(find(s, a, true)));
        add("index", "sub start? end?", (s, a) -> Value.of(found(find(s, a, false))));
        add("rindex", "sub start? end?", (s, a) -> Value.of(found(find(s, a, true))));
        add("count", "sub start? end?", (s, a) -> Value.of(Text.count(range(s, a), a.text("sub"))));
        add("join", "iterable", (s, a) -> join(s, a.value("iterable")));
        add("isdigit", "", (s, a) -> all(s, Character::isDigit));
        add("isnumeric", "", (s, a) -> all(s, Character::isDigit));
        add("isdecimal", "", (s, a) -> all(s, Character::isDigit));
        add("isalpha", "", (s, a) -> all(s, Character::isLetter));
        add("isalnum", "", (s, a) -> all(s, Character::isLetterOrDigit));
        add("isspace", "", (s, a) -> all(s, Python::isSpace));
        add("isascii", "", (s, a) -> Value.of(s.chars().allMatch(c -> c < 128)));
        add("isupper", "", (s, a) -> Value.of(Text.isUpper(s)));
        add("islower", "", (s, a) -> Value.of(Text.isLower(s)));
        add("zfill", "width", (s, a) -> Value.of(Text.zeroFill(s, a.integer("width", 0))));
        add("ljust", "width fillchar?", (s, a) -> pad(s, a, '<'));
        add("rjust", "width fillchar?", (s, a) -> pad(s, a, '>'));
        add("center", "width fillchar?", (s, a) -> pad(s, a, '^'));
        add("expandtabs", "tabsize?", (s, a) -> Value.of(Text.expandTabs(s, a.integer("tabsize", 8))));
    }

    private StringMethods() {}

    private static void add(String name, String parameters, Body body) {
        METHODS.put(name, new Method(Signature.of("str." + name + "()", parameters), body));
    }

    static Optional<Value> find(Str self, String name) {
        if (name.equals("format")) {
            return Optional.of((Value.Function) (rendering, arguments) -> {
                rendering.charge(self.weight());
                return Value.of(BraceFormat.format(self.text(), arguments));
            });
        }
        return Optional.ofNullable(METHODS.get(name)).map(method -> (Value.Function) (rendering, arguments) -> {
            rendering.charge(self.weight());
            return method.body.apply(self.text(), method.signature.bind(arguments));
        });
    }

    private static Optional<String> chars(Bound arguments) {
        return arguments.isSet("chars") ? Optional.of(arguments.text("chars")) : Optional.empty();
    }

    private static String separator(Bound arguments) {
        String separator = arguments.text("sep");
        if (separator.isEmpty()) {
            throw new EvaluationException("empty separator");
        }
        return separator;
    }

    private static Items texts(List<String> texts) {
        return Value.list(texts.stream().map(t -> (Value) Value.of(t)).toList());
    }

    private static Value split(String text, Bound arguments, boolean fromRight) {
        int most = arguments.integer("maxsplit", -1);
        int limit = most < 0 ? Integer.MAX_VALUE : most;
        if (!arguments.isSet("sep")) {
            return texts(fromRight ? Text.splitSpaceFromRight(text, limit) : Text.splitSpace(text, limit));
        }
        String separator = separator(arguments);
        return texts(fromRight ? Text.splitFromRight(text, separator, limit) : Text.split(text, separator, limit));
    }

    private static Value partition(String text, String separator, boolean last) {
        int at = last ? text.lastIndexOf(separator) : text.indexOf(separator);
        if (at < 0) {
            Str whole = Value.of(text);
            return last ? Value.tuple(Value.EMPTY, Value.EMPTY, whole) : Value.tuple(whole, Value.EMPTY, Value.EMPTY);
        }
        return Value.tuple(
                Value.of(text.substring(0, at)),
                Value.of(separator),
                Value.of(text.substring(at + separator.length())));
    }

    private interface Check {
        boolean holds(String affix);
    }

    private static boolean affix(Bound arguments, String name, Check check) {
        if (arguments.value(name) instanceof Items several && several.kind() == Items.Kind.TUPLE) {
            return several.values().stream().anyMatch(v -> v instanceof Str s && check.holds(s.text()));
        }
        return check.holds(arguments.text(name));
    }

    /** The part of the text that the arguments start and end name. */
    private static String range(String text, Bound arguments) {
        if (!arguments.isSet("start") && !arguments.isSet("end")) {
            return text;
        }
        return Python.str(
                Attributes.slice(Value.of(text), arguments.value("start"), arguments.value("end"), Value.None.NONE));
    }

    private static int find(String text, Bound arguments, boolean last) {
        String part = range(text, arguments);
        String wanted = arguments.text("sub");
        int at = last ? part.lastIndexOf(wanted) : part.indexOf(wanted);
        if (at < 0) {
            return -1;
        }
        int skipped = 0;
        if (arguments.isSet("start")) {
            int start = Python.index(arguments.value("start"));
            int length = text.codePointCount(0, text.length());
            skipped = start < 0 ? Math.max(0, start + length) : Math.min(start, length);
        }
        return skipped + part.codePointCount(0, at);
    }

    private static int found(int position) {
        if (position < 0) {
            throw new EvaluationException("substring not found");
        }
        return position;
    }

    static Value join(String separator, Value iterable) {
        List<String> parts = new ArrayList<>();
        long weight = 0;
        for (Value part : Python.items(iterable)) {
            if (!(part instanceof Str text)) {
                throw new EvaluationException("sequence item " + parts.size() + ": expected str instance, "
                        + Python.typeName(part) + " found");
            }
            weight += text.weight() + separator.length();
            Value.checkWeight(weight);
            parts.add(text.text());
        }
        return Value.of(String.join(separator, parts));
    }

    private static Value all(String text, IntPredicate check) {
        return Value.of(!text.isEmpty() && text.codePoints().allMatch(check));
    }

    private static Value pad(String text, Bound arguments, char alignment) {
        String fill = arguments.text("fillchar", " ");
        if (fill.codePointCount(0, fill.length()) != 1) {
            throw new EvaluationException("the fill character must be exactly one character long");
        }
        return Value.of(Text.pad(text, arguments.integer("width", 0), fill, alignment));
    }
}
