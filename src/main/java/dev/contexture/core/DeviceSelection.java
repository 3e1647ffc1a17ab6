package dev.contexture.core;

import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;

/** Rows of what a retriever on a device chose last; where their lists lie, the next selection will lie. */
public final class DeviceSelection implements Selection {
    private final Made made;
    private final int[] chosen;

    /**
     * A selection as it was made.
     *
     * @param pool the native library's id of what made it
     * @param places [rows] numbers under which the device keeps what it has of the rows' sequences
     * @param owners [rows] of these places: another number for each sequence
     * @param counts [rows, lists]
     * @param mass [rows, lists]
     * @param lists gives all of it in host memory, until the next selection is made
     */
    @SuppressWarnings("ArrayRecordComponent")
    public record Made(
            long pool, int[] places, int[] owners, int[] counts, float[] mass, Supplier<SelectionMatrix> lists) {
        public Made {
            int rows = places.length;
            if (rows < 1 || owners.length != rows || counts.length % rows != 0 || counts.length != mass.length) {
                throw new IllegalArgumentException("a selection of " + rows + " rows has " + owners.length + " owners, "
                        + counts.length + " counts and " + mass.length + " masses");
            }
        }

        int listsPerRow() {
            return counts.length / places.length;
        }
    }

    private DeviceSelection(Made made, int[] chosen) {
        this.made = made;
        this.chosen = chosen;
    }

    /** All rows. */
    public static DeviceSelection of(Made made) {
        int[] all = new int[made.places.length];
        Arrays.setAll(all, row -> row);
        return new DeviceSelection(made, all);
    }

    /** The native library's id of what made it. */
    public long pool() {
        return made.pool;
    }

    /** Which row of what was made each row is: the selection's own array. */
    public int[] chosen() {
        return chosen;
    }

    /** Of each row. */
    public int[] places() {
        return Arrays.stream(chosen).map(row -> made.places[row]).toArray();
    }

    /** Of each row. */
    public int[] owners() {
        return Arrays.stream(chosen).map(row -> made.owners[row]).toArray();
    }

    @Override
    public int rows() {
        return chosen.length;
    }

    @Override
    public boolean isEmpty(int row) {
        return made.counts[chosen[row] * made.listsPerRow()] == 0;
    }

    @Override
    public double meanMass(int row) {
        int lists = made.listsPerRow();
        double sum = 0;
        for (int list = 0; list < lists; list++) {
            sum += made.mass[chosen[row] * lists + list];
        }
        return sum / lists;
    }

    @Override
    public DeviceSelection row(int row) {
        return new DeviceSelection(made, new int[] {chosen[row]});
    }

    /**
     * @throws IllegalStateException if another selection was made since
     */
    @Override
    public SelectionMatrix onHost() {
        SelectionMatrix all = made.lists.get();
        return SelectionMatrix.joined(Arrays.stream(chosen).mapToObj(all::row).toList());
    }

    /** Rows of one selection. */
    static DeviceSelection joined(List<DeviceSelection> parts) {
        Made made = parts.getFirst().made;
        if (parts.stream().anyMatch(part -> part.made != made)) {
            throw new IllegalArgumentException("rows of two selections cannot lie in one place");
        }
        return new DeviceSelection(
                made,
                parts.stream().flatMapToInt(part -> Arrays.stream(part.chosen)).toArray());
    }
}
