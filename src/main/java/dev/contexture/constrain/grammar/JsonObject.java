package dev.contexture.constrain.grammar;

import java.util.List;

/**
 * An object, its named properties in their order, others behind them. Compared by identity.
 *
 * <p>Whether a free key comes twice is not watched, so for a minimum of properties only the first of them counts.
 */
public final class JsonObject implements Item {
    public static final int UNBOUNDED = Integer.MAX_VALUE;

    private final List<Property> properties;
    private final List<Property> others;
    private final int least;
    private final int most;
    /** Where the last property that must be there is; -1: there is none. */
    private final int lastRequired;
    /** By property: how many behind it must be there. */
    private final int[] requiredBehind;

    /**
     * A property, or a kind of them.
     *
     * @param key with its quotes
     */
    public record Property(Item key, Item value, boolean required) {}

    /**
     * @param others kinds of properties whose keys are free; none is required
     * @param least properties
     * @param most properties, or {@link #UNBOUNDED}
     */
    public JsonObject(List<Property> properties, List<Property> others, int least, int most) {
        this.properties = List.copyOf(properties);
        this.others = List.copyOf(others);
        this.least = least;
        this.most = most;
        int last = -1;
        for (int i = 0; i < properties.size(); i++) {
            last = properties.get(i).required() ? i : last;
        }
        this.lastRequired = last;
        this.requiredBehind = new int[properties.size()];
        for (int i = properties.size() - 2; i >= 0; i--) {
            requiredBehind[i] = requiredBehind[i + 1] + (properties.get(i + 1).required() ? 1 : 0);
        }
    }

    @Override
    public int height() {
        int required = 0;
        int height = 0;
        for (Property property : properties) {
            if (property.required()) {
                required++;
                height = Math.max(height, property.value().height());
            }
        }
        int missing = least - required;
        if (required > most || least > most) {
            return ENDLESS;
        }
        if (missing > 0) {
            int[] optional = java.util.stream.Stream.concat(
                            properties.stream()
                                    .filter(property -> !property.required())
                                    .map(p -> p.value().height()),
                            others.isEmpty()
                                    ? java.util.stream.Stream.empty()
                                    : java.util.stream.Stream.of(others.stream()
                                            .mapToInt(other -> other.value().height())
                                            .min()
                                            .orElse(ENDLESS)))
                    .mapToInt(Integer::intValue)
                    .sorted()
                    .toArray();
            height = missing > optional.length ? ENDLESS : Math.max(height, optional[missing - 1]);
        }
        return Item.above(height);
    }

    @Override
    public int weight() {
        return 1 + properties.size() + others.size();
    }

    List<Property> properties() {
        return properties;
    }

    List<Property> others() {
        return others;
    }

    /** What follows when the properties before {@code index} were written or left out, {@code count} of them written. */
    record Rest(JsonObject object, int index, int count) implements Item {
        @Override
        public int height() {
            return 0; // it was made sure that it can end
        }

        boolean mayEnd() {
            return index > object.lastRequired && count >= object.least;
        }

        /** Whether the property may be the next, as far as numbers go; {@code later}: how many could follow it. */
        boolean mayTake(int property, int later) {
            int required = object.requiredBehind[property];
            return (long) count + 1 + required <= object.most && (long) count + 1 + later >= object.least;
        }

        boolean mayTakeOther() {
            return index > object.lastRequired && count < object.most && count + 1 >= object.least;
        }

        Rest behind(int property) {
            return new Rest(object, property + 1, counted());
        }

        Rest behindOther() {
            return new Rest(object, object.properties.size(), counted());
        }

        private int counted() {
            return object.most == UNBOUNDED ? Math.min(count + 1, Math.max(1, object.least)) : count + 1;
        }

        boolean isFirst() {
            return count == 0;
        }
    }
}
