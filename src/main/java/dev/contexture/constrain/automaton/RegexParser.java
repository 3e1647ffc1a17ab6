package dev.contexture.constrain.automaton;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Reads patterns of JSON schemas: those of ECMA-262 in Unicode mode, without what makes them more than regular. Where dialects
 * differ on a set, it is known what all of them take it for and what one does at least: spaces, and what a dot stands for.
 */
final class RegexParser {
    private static final int MOST_REPEATS = 10_000;
    private static final int MOST_DEPTH = 100;
    private static final int MOST_LENGTH = 5_000;

    private static final CodePoints DIGITS = CodePoints.of('0', '9');
    private static final CodePoints WORD =
            CodePoints.of('a', 'z').or(CodePoints.of('A', 'Z')).or(DIGITS).or(CodePoints.of("_"));
    private static final CodePoints ASCII_SPACES = CodePoints.of(" \t\n\u000B\f\r");
    private static final CharacterSet SPACES = new CharacterSet(
            ASCII_SPACES,
            ASCII_SPACES
                    .or(CodePoints.of("\u0085\u00A0\u1680\u180E\u2028\u2029\u202F\u205F\u3000\uFEFF"))
                    .or(CodePoints.of(0x1C, 0x1F))
                    .or(CodePoints.of(0x2000, 0x200B)));
    private static final CharacterSet DOT = new CharacterSet(
            CodePoints.of("\n\r\u0085\u2028\u2029").not(), CodePoints.of("\n").not());

    private final int[] text;
    private int at;
    private int depth;

    private RegexParser(String pattern) {
        this.text = pattern.codePoints().toArray();
        if (text.length > MOST_LENGTH) {
            throw broken("it has more than " + MOST_LENGTH + " characters");
        }
    }

    /**
     * @throws RegexSyntaxException if it is no pattern or not regular
     */
    static Regex parse(String pattern) {
        RegexParser parser = new RegexParser(pattern);
        Regex regex = parser.choice();
        if (parser.at < parser.text.length) {
            throw parser.broken("there is a ) too many");
        }
        return regex;
    }

    private Regex choice() {
        if (++depth > MOST_DEPTH) {
            throw broken("groups are nested more than " + MOST_DEPTH + " deep");
        }
        List<Regex> options = new ArrayList<>(List.of(sequence()));
        while (take('|')) {
            options.add(sequence());
        }
        depth--;
        return options.size() == 1 || options.stream().allMatch(Regex::isEmpty)
                ? options.getFirst()
                : new Regex.Choice(options);
    }

    private Regex sequence() {
        List<Regex> parts = new ArrayList<>();
        while (at < text.length && text[at] != '|' && text[at] != ')') {
            Regex part = repeated(atom());
            if (!part.isEmpty()) {
                parts.add(part);
            }
        }
        return parts.size() == 1 ? parts.getFirst() : new Regex.Sequence(parts);
    }

    private Regex atom() {
        int c = text[at++];
        return switch (c) {
            case '^' -> Regex.Anchor.BEGIN;
            case '$' -> Regex.Anchor.END;
            case '.' -> new Regex.Characters(DOT);
            case '(' -> group();
            case '[' -> new Regex.Characters(set());
            case '\\' -> new Regex.Characters(escape(false));
            case '*', '+', '?', '{' -> throw broken("there is nothing before " + Character.toString(c));
            default -> new Regex.Characters(CharacterSet.of(CodePoints.of(c, c)));
        };
    }

    private Regex group() {
        if (take('?')) {
            if (take('<')) {
                if (at < text.length && (text[at] == '=' || text[at] == '!')) {
                    throw broken("it looks behind");
                }
                while (at < text.length && text[at] != '>') {
                    at++;
                }
                if (!take('>')) {
                    throw broken("a group's name is not closed");
                }
            } else if (!take(':')) {
                throw broken("it looks ahead or sets flags");
            }
        }
        Regex inner = choice();
        if (!take(')')) {
            throw broken("a ( is not closed");
        }
        return inner;
    }

    private Regex repeated(Regex atom) {
        int least;
        int most = Regex.Repeat.UNBOUNDED;
        if (take('*')) {
            least = 0;
        } else if (take('+')) {
            least = 1;
        } else if (take('?')) {
            least = 0;
            most = 1;
        } else {
            Optional<int[]> braces = braces();
            if (braces.isEmpty()) {
                return atom;
            }
            least = braces.get()[0];
            most = braces.get()[1];
        }
        take('?'); // the texts are the same, however few or many it would rather take
        if (at < text.length && "*+?{".indexOf(text[at]) >= 0) {
            throw broken("a quantifier follows a quantifier");
        }
        if (atom instanceof Regex.Anchor) {
            throw broken("an anchor is repeated");
        }
        return atom.isEmpty() || most == 0 ? Regex.EMPTY : new Regex.Repeat(atom, least, most);
    }

    private Optional<int[]> braces() {
        int begin = at;
        if (!take('{')) {
            return Optional.empty();
        }
        int least = number();
        int most = least;
        if (take(',')) {
            most = at < text.length && text[at] == '}' ? Regex.Repeat.UNBOUNDED : number();
        }
        if (least < 0 || !take('}')) {
            at = begin;
            throw broken("a { that stands for itself must be written \\{");
        }
        if (most != Regex.Repeat.UNBOUNDED && most < least || Math.max(least, most) > MOST_REPEATS) {
            throw broken("it repeats {" + least + "," + most + "} times; at most " + MOST_REPEATS + " are taken");
        }
        return Optional.of(new int[] {least, most});
    }

    private int number() {
        int value = -1;
        while (at < text.length && text[at] >= '0' && text[at] <= '9' && value <= MOST_REPEATS) {
            value = Math.max(value, 0) * 10 + text[at++] - '0';
        }
        return value;
    }

    private CharacterSet set() {
        boolean negated = take('^');
        List<CharacterSet> members = new ArrayList<>();
        while (!take(']')) {
            CharacterSet low = member();
            boolean range = at + 1 < text.length && text[at] == '-' && text[at + 1] != ']';
            if (!range) {
                members.add(low);
                continue;
            }
            at++;
            int from = single(low);
            int to = single(member());
            if (to < from) {
                throw broken("a range ends before it begins");
            }
            members.add(CharacterSet.of(CodePoints.of(from, to)));
        }
        CharacterSet set = CharacterSet.union(members);
        return negated ? set.not() : set;
    }

    private CharacterSet member() {
        if (at >= text.length) {
            throw broken("a [ is not closed");
        }
        int c = text[at++];
        return c == '\\' ? escape(true) : CharacterSet.of(CodePoints.of(c, c));
    }

    private int single(CharacterSet given) {
        CodePoints set = given.inner();
        if (set.ranges().size() != 1
                || set.ranges().getFirst().low() != set.ranges().getFirst().high()) {
            throw broken("a range begins or ends with a set");
        }
        return set.ranges().getFirst().low();
    }

    private CharacterSet escape(boolean inSet) {
        if (at >= text.length) {
            throw broken("there is nothing behind \\");
        }
        int c = text[at++];
        return switch (c) {
            case 'd' -> CharacterSet.of(DIGITS);
            case 'D' -> CharacterSet.of(DIGITS.not());
            case 'w' -> CharacterSet.of(WORD);
            case 'W' -> CharacterSet.of(WORD.not());
            case 's' -> SPACES;
            case 'S' -> SPACES.not();
            case 'p' -> CharacterSet.of(property());
            case 'P' -> CharacterSet.of(property().not());
            case 'n' -> CharacterSet.of(CodePoints.of("\n"));
            case 'r' -> CharacterSet.of(CodePoints.of("\r"));
            case 't' -> CharacterSet.of(CodePoints.of("\t"));
            case 'f' -> CharacterSet.of(CodePoints.of("\f"));
            case 'v' -> CharacterSet.of(CodePoints.of("\u000B"));
            case '0' -> CharacterSet.of(CodePoints.of(0, 0));
            case 'x' -> CharacterSet.of(codePoint(2));
            case 'u' -> CharacterSet.of(unicode());
            case 'b' -> {
                if (!inSet) {
                    throw broken("it asks for a word's border");
                }
                yield CharacterSet.of(CodePoints.of("\b"));
            }
            case 'B' -> throw broken("it asks for a word's border");
            default -> {
                if (c >= '1' && c <= '9' || c == 'k') {
                    throw broken("it refers back to a group");
                }
                if (Character.isLetter(c)) {
                    throw broken("\\" + Character.toString(c) + " is not known");
                }
                yield CharacterSet.of(CodePoints.of(c, c));
            }
        };
    }

    private CodePoints unicode() {
        if (!take('{')) {
            CodePoints first = codePoint(4);
            return first.ranges().isEmpty() ? pair() : first;
        }
        int begin = at;
        while (at < text.length && text[at] != '}') {
            at++;
        }
        CodePoints set = codePoint(begin, at);
        if (!take('}')) {
            throw broken("a \\u{ is not closed");
        }
        return set;
    }

    /** The first half of a surrogate pair was read. */
    private CodePoints pair() {
        int high = Integer.parseInt(new String(text, at - 4, 4), 16);
        if (!Character.isHighSurrogate((char) high) || !take('\\') || !take('u')) {
            throw broken("half a surrogate pair stands alone");
        }
        int begin = at;
        codePoint(4);
        int low = Integer.parseInt(new String(text, begin, 4), 16);
        if (!Character.isLowSurrogate((char) low)) {
            throw broken("half a surrogate pair stands alone");
        }
        int c = Character.toCodePoint((char) high, (char) low);
        return CodePoints.of(c, c);
    }

    private CodePoints codePoint(int digits) {
        at += digits;
        return codePoint(at - digits, at);
    }

    private CodePoints codePoint(int from, int to) {
        try {
            int c = Integer.parseInt(new String(text, from, to - from), 16);
            if (!Character.isValidCodePoint(c)) {
                throw broken("there is no such character");
            }
            return CodePoints.of(c, c);
        } catch (NumberFormatException | IndexOutOfBoundsException e) {
            throw broken("a character's number is not hexadecimal");
        }
    }

    private CodePoints property() {
        if (!take('{')) {
            throw broken("behind \\p must come {");
        }
        int begin = at;
        while (at < text.length && text[at] != '}') {
            at++;
        }
        String name = new String(text, begin, at - begin);
        if (!take('}')) {
            throw broken("a \\p{ is not closed");
        }
        return CharacterProperties.of(name)
                .orElseThrow(() ->
                        broken("the property {" + name + "} is not known; known are " + CharacterProperties.names()));
    }

    private boolean take(int c) {
        if (at < text.length && text[at] == c) {
            at++;
            return true;
        }
        return false;
    }

    private RegexSyntaxException broken(String what) {
        return new RegexSyntaxException(what + " (at character " + Math.min(at, text.length) + ")");
    }
}
