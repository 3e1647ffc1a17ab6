package dev.contexture.constrain.automaton;

import org.jspecify.annotations.Nullable;

/**
 * Accepts JSON strings, quotes included, by their number of code points. A state is a phase and a count, so that no limit is too
 * large; UTF-8 is well-formed, and halves of surrogate pairs come only together.
 */
public final class StringDfa extends Dfa {
    /** In place of a maximum: none. */
    public static final int UNBOUNDED = -1;

    /** Every string there is. */
    public static final StringDfa ANY = new StringDfa(0, UNBOUNDED, Spelling.ANY);

    /** How characters may be written. */
    public enum Spelling {
        /** With all of JSON's escapes. */
        ANY,
        /** Each character in one way: with an escape only where it must be, and with the shortest. */
        CANONICAL
    }

    /** Greater limits are none: no context is as long. */
    private static final int MOST = 1 << 25;

    private static final int PHASE_BITS = 5;
    private static final Phase[] PHASES = Phase.values();

    private enum Phase {
        START,
        TEXT,
        DONE,
        /** Behind a backslash. */
        ESCAPE,
        /** Behind {@code \}u and further. */
        HEX_4,
        HEX_3,
        HEX_2,
        HEX_1,
        /** The second digit behind a D, which may make it half a surrogate pair. */
        HEX_D,
        HIGH_2,
        HIGH_1,
        LOW_BACKSLASH,
        LOW_U,
        LOW_D,
        LOW_3,
        /** The same for control characters alone: digits 1 to 4. */
        ZERO_4,
        ZERO_3,
        ZERO_OR_ONE,
        UNNAMED,
        ANY_HEX,
        /** So many bytes of a character are left. */
        MORE_1,
        MORE_2,
        MORE_3,
        /** Behind the lead bytes whose next byte is limited. */
        BEHIND_E0,
        BEHIND_ED,
        BEHIND_F0,
        BEHIND_F4
    }

    private static final ByteClasses CLASSES = classesOfBytes();

    private final int least;
    private final int most;
    private final Spelling spelling;

    /**
     * @param least code points
     * @param most code points, at least {@code least}, or {@link #UNBOUNDED}
     */
    public StringDfa(int least, int most, Spelling spelling) {
        if (least < 0 || most != UNBOUNDED && most < least) {
            throw new IllegalArgumentException("no string has " + least + " to " + most + " characters");
        }
        this.least = Math.min(least, MOST);
        this.most = most > MOST ? UNBOUNDED : most;
        this.spelling = spelling;
    }

    private static ByteClasses classesOfBytes() {
        int[] labels = new int[ByteClasses.BYTES];
        String singles = "\"\\/bfnrtu0123456789abcdefABCDEF";
        for (int b = 0; b < labels.length; b++) {
            if (b < 0x80) {
                labels[b] = b < 0x20 ? 1 : singles.indexOf(b) >= 0 ? 1000 + b : 2;
            } else if (b < 0xC0) {
                labels[b] = b < 0x90 ? 3 : b < 0xA0 ? 4 : 5;
            } else {
                labels[b] = b < 0xC2 || b > 0xF4 || b == 0xF1 || b == 0xF2
                        ? 6
                        : b < 0xE0 ? 7 : b == 0xE0 || b == 0xED || b >= 0xF0 ? 1000 + b : 8;
            }
        }
        return ByteClasses.of(java.util.List.of(labels));
    }

    @Override
    public int start() {
        return Phase.START.ordinal();
    }

    @Override
    public int next(int state, int b) {
        int count = state >> PHASE_BITS;
        Phase phase = PHASES[state & (1 << PHASE_BITS) - 1];
        Phase next;
        if (phase == Phase.TEXT) {
            if (b == '"') {
                return count < least ? DEAD : Phase.DONE.ordinal();
            }
            if (count == most) {
                return DEAD;
            }
            next = begun(b);
            count = most == UNBOUNDED ? Math.min(count + 1, least) : count + 1;
        } else {
            next = continued(phase, b);
        }
        return next == null ? DEAD : count << PHASE_BITS | next.ordinal();
    }

    /** The first byte of a character. */
    private static @Nullable Phase begun(int b) {
        if (b < 0x80) {
            return b < 0x20 ? null : b == '\\' ? Phase.ESCAPE : Phase.TEXT;
        }
        if (b < 0xC2 || b > 0xF4 || b == 0xF1 || b == 0xF2) {
            return null; // the last two begin characters that are not assigned
        }
        return switch (b) {
            case 0xE0 -> Phase.BEHIND_E0;
            case 0xED -> Phase.BEHIND_ED;
            case 0xF0 -> Phase.BEHIND_F0;
            case 0xF4 -> Phase.BEHIND_F4;
            default -> b < 0xE0 ? Phase.MORE_1 : b < 0xF0 ? Phase.MORE_2 : Phase.MORE_3;
        };
    }

    private @Nullable Phase continued(Phase phase, int b) {
        return switch (phase) {
            case START -> when(b == '"', Phase.TEXT);
            case TEXT, DONE -> null;
            case ESCAPE -> escaped(b);
            case HEX_4 -> b == 'd' || b == 'D' ? Phase.HEX_D : when(isHex(b), Phase.HEX_3);
            case HEX_3 -> when(isHex(b), Phase.HEX_2);
            case HEX_2 -> when(isHex(b), Phase.HEX_1);
            case HEX_1, ANY_HEX -> when(isHex(b) && (phase == Phase.HEX_1 || !isUpper(b)), Phase.TEXT);
            case HEX_D -> isHex(b) ? b <= '7' ? Phase.HEX_2 : when("89abAB".indexOf(b) >= 0, Phase.HIGH_2) : null;
            case HIGH_2 -> when(isHex(b), Phase.HIGH_1);
            case HIGH_1 -> when(isHex(b), Phase.LOW_BACKSLASH);
            case LOW_BACKSLASH -> when(b == '\\', Phase.LOW_U);
            case LOW_U -> when(b == 'u', Phase.LOW_D);
            case LOW_D -> when(b == 'd' || b == 'D', Phase.LOW_3);
            case LOW_3 -> when("cdefCDEF".indexOf(b) >= 0, Phase.HEX_2);
            case ZERO_4 -> when(b == '0', Phase.ZERO_3);
            case ZERO_3 -> when(b == '0', Phase.ZERO_OR_ONE);
            case ZERO_OR_ONE -> b == '0' ? Phase.UNNAMED : when(b == '1', Phase.ANY_HEX);
            case UNNAMED -> when("01234567bef".indexOf(b) >= 0, Phase.TEXT);
            case MORE_1 -> when(b >= 0x80 && b < 0xC0, Phase.TEXT);
            case MORE_2 -> when(b >= 0x80 && b < 0xC0, Phase.MORE_1);
            case MORE_3 -> when(b >= 0x80 && b < 0xC0, Phase.MORE_2);
            case BEHIND_E0 -> when(b >= 0xA0 && b < 0xC0, Phase.MORE_1);
            case BEHIND_ED -> when(b >= 0x80 && b < 0xA0, Phase.MORE_1);
            case BEHIND_F0 -> when(b >= 0x90 && b < 0xC0, Phase.MORE_2);
            case BEHIND_F4 -> when(b >= 0x80 && b < 0x90, Phase.MORE_2);
        };
    }

    private @Nullable Phase escaped(int b) {
        return switch (b) {
            case '"', '\\', 'b', 'f', 'n', 'r', 't' -> Phase.TEXT;
            case '/' -> spelling == Spelling.ANY ? Phase.TEXT : null;
            case 'u' -> spelling == Spelling.ANY ? Phase.HEX_4 : Phase.ZERO_4;
            default -> null;
        };
    }

    private static @Nullable Phase when(boolean sound, Phase next) {
        return sound ? next : null;
    }

    private static boolean isUpper(int b) {
        return b >= 'A' && b <= 'F';
    }

    private static boolean isHex(int b) {
        return b >= '0' && b <= '9' || b >= 'a' && b <= 'f' || isUpper(b);
    }

    @Override
    public boolean accepts(int state) {
        return state == Phase.DONE.ordinal();
    }

    @Override
    public boolean canGoOn(int state) {
        return !accepts(state);
    }

    /** A token has at most as many characters as bytes, so limits further away than that are all the same. */
    private record Key(int phase, Spelling spelling, int missing, int left) {}

    @Override
    public Object key(int state, int bytes) {
        int count = state >> PHASE_BITS;
        int phase = state & (1 << PHASE_BITS) - 1;
        if (phase == Phase.DONE.ordinal()) {
            return new Key(phase, spelling, 0, 0);
        }
        return new Key(
                phase,
                spelling,
                Math.clamp((long) least - count, 0, bytes),
                most == UNBOUNDED ? bytes : Math.min(bytes, most - count));
    }

    @Override
    public long bytes() {
        return 32;
    }

    @Override
    ByteClasses classes() {
        return CLASSES;
    }
}
