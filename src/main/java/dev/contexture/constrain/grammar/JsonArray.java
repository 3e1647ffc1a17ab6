package dev.contexture.constrain.grammar;

import java.util.List;
import java.util.stream.Stream;

/** An array. Compared by identity. */
public final class JsonArray implements Item {
    public static final int UNBOUNDED = Integer.MAX_VALUE;

    private final List<Item> first;
    private final Item others;
    private final int least;
    private final int most;

    /**
     * @param first its first items, each as it must be
     * @param others all further ones; {@link Item.Choice#NONE}: there are none
     * @param least items
     * @param most items, or {@link #UNBOUNDED}
     */
    public JsonArray(List<Item> first, Item others, int least, int most) {
        this.first = List.copyOf(first);
        this.others = others;
        this.least = least;
        this.most = most;
    }

    @Override
    public int height() {
        if (least > most) {
            return ENDLESS;
        }
        int height = 0;
        for (int i = 0; i < Math.min(least, first.size()); i++) {
            height = Math.max(height, first.get(i).height());
        }
        return Item.above(least > first.size() ? Math.max(height, others.height()) : height);
    }

    @Override
    public int weight() {
        return 1 + first.size();
    }

    List<Item> items() {
        return Stream.concat(first.stream(), Stream.of(others)).toList();
    }

    private Item item(int index) {
        return index < first.size() ? first.get(index) : others;
    }

    /** What follows the item before {@code index}; behind all that differ, indices are one. */
    record Rest(JsonArray array, int index) implements Item {
        @Override
        public int height() {
            return 0; // it was made sure that it can end
        }

        boolean mayEnd() {
            return index >= array.least;
        }

        boolean mayGoOn() {
            return index < array.most;
        }

        Item item() {
            return array.item(index);
        }

        Rest next() {
            int same = Math.max(array.least, array.first.size());
            return new Rest(array, array.most == UNBOUNDED ? Math.min(index + 1, Math.max(1, same)) : index + 1);
        }

        boolean isFirst() {
            return index == 0;
        }
    }
}
