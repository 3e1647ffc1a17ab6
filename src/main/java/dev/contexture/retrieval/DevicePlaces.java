package dev.contexture.retrieval;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.stream.IntStream;

/**
 * Who has which rows of a {@link DeviceHead}'s features. Each place is a ring of its sequence's last tokens: row
 * {@code position % tokens} of it has those of the token at a position.
 */
final class DevicePlaces {
    private final int tokens;
    /** Nobody's is the first. */
    private final Deque<Integer> free = new ArrayDeque<>();
    /** Another number for each sequence that ever had the place. */
    private final int[] owners;
    /** Positions of the tokens that are kept, [from, to). */
    private final int[] from;

    private final int[] to;
    private int takers;

    /**
     * @param tokens of a sequence that are kept
     */
    DevicePlaces(int rows, int tokens) {
        this.tokens = tokens;
        int places = rows / tokens;
        this.owners = new int[places];
        this.from = new int[places];
        this.to = new int[places];
        IntStream.range(1, places).forEach(free::add);
    }

    boolean isFull() {
        return free.isEmpty();
    }

    int take() {
        int place = free.remove();
        owners[place] = ++takers;
        from[place] = 0;
        to[place] = 0;
        return place;
    }

    void giveBack(int place) {
        free.add(place);
    }

    int owner(int place) {
        return owners[place];
    }

    /** Of the token at a position. */
    int row(int place, int position) {
        return place * tokens + position % tokens;
    }

    /**
     * The tokens in [begin, end) of a sequence come, of which the last are kept.
     *
     * @return positions whose features are to be put into their rows, up to {@code end}
     */
    int[] put(int place, int begin, int end) {
        int first = Math.max(begin, end - tokens);
        from[place] = to[place] == first ? Math.max(from[place], end - tokens) : first;
        to[place] = end;
        int[] positions = new int[end - first];
        Arrays.setAll(positions, i -> first + i);
        return positions;
    }

    boolean has(int place, int position) {
        return position >= from[place] && position < to[place];
    }
}
