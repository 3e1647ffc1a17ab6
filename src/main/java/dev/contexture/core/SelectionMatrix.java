package dev.contexture.core;

import java.util.List;

/**
 * What rows attend to, in the uniform format: a dense matrix of token positions {@code [row, group, kvHead, stride]}, of
 * which the first {@code counts[row, group, kvHead]} are used, ascending; beside it the share of the head's attention
 * that they hold. Positions, not slots: where a token's KV lies may change between choosing and running.
 */
public final class SelectionMatrix implements Selection {
    private final int rows;
    private final int groups;
    private final int kvHeads;
    private final int stride;
    private final int[] counts;
    private final int[] positions;
    private final float[] mass;

    /**
     * @param counts [rows, groups, kvHeads]
     * @param positions [rows, groups, kvHeads, stride]
     * @param mass [rows, groups, kvHeads]
     */
    public SelectionMatrix(int rows, int groups, int kvHeads, int stride, int[] counts, int[] positions, float[] mass) {
        int lists = Math.multiplyExact(Math.multiplyExact(rows, groups), kvHeads);
        if (counts.length != lists || mass.length != lists || positions.length != (long) lists * stride) {
            throw new IllegalArgumentException("a selection of " + rows + " rows, " + groups + " groups, " + kvHeads
                    + " KV heads and stride " + stride + " has " + counts.length + " counts, " + mass.length
                    + " masses and " + positions.length + " positions");
        }
        this.rows = rows;
        this.groups = groups;
        this.kvHeads = kvHeads;
        this.stride = stride;
        this.counts = counts;
        this.positions = positions;
        this.mass = mass;
    }

    @Override
    public int rows() {
        return rows;
    }

    public int groups() {
        return groups;
    }

    public int kvHeads() {
        return kvHeads;
    }

    public int stride() {
        return stride;
    }

    /** The matrix's own array. */
    public int[] counts() {
        return counts;
    }

    /** The matrix's own array. */
    public int[] positions() {
        return positions;
    }

    @Override
    public boolean isEmpty(int row) {
        return counts[row * groups * kvHeads] == 0;
    }

    @Override
    public double meanMass(int row) {
        int lists = groups * kvHeads;
        double sum = 0;
        for (int i = 0; i < lists; i++) {
            sum += mass[row * lists + i];
        }
        return sum / lists;
    }

    @Override
    public SelectionMatrix row(int row) {
        boolean[] kept = new boolean[rows];
        kept[row] = true;
        return keepRows(kept);
    }

    @Override
    public SelectionMatrix onHost() {
        return this;
    }

    /**
     * Rows of several selections of one shape as one.
     *
     * @param parts at least one
     */
    public static SelectionMatrix joined(List<SelectionMatrix> parts) {
        SelectionMatrix first = parts.getFirst();
        if (parts.size() == 1) {
            return first;
        }
        int rows = parts.stream().mapToInt(SelectionMatrix::rows).sum();
        int stride = parts.stream().mapToInt(SelectionMatrix::stride).max().orElseThrow();
        int lists = first.groups * first.kvHeads;
        int[] counts = new int[rows * lists];
        int[] positions = new int[Math.multiplyExact(rows * lists, stride)];
        float[] mass = new float[rows * lists];
        int to = 0;
        for (SelectionMatrix part : parts) {
            for (int list = 0; list < part.counts.length; list++, to++) {
                counts[to] = part.counts[list];
                mass[to] = part.mass[list];
                System.arraycopy(part.positions, list * part.stride, positions, to * stride, part.counts[list]);
            }
        }
        return new SelectionMatrix(rows, first.groups, first.kvHeads, stride, counts, positions, mass);
    }

    /** The same selection with some rows left out. */
    public SelectionMatrix keepRows(boolean[] kept) {
        int left = 0;
        for (boolean keep : kept) {
            left += keep ? 1 : 0;
        }
        if (left == rows) {
            return this;
        }
        int lists = groups * kvHeads;
        int[] keptCounts = new int[left * lists];
        int[] keptPositions = new int[left * lists * stride];
        float[] keptMass = new float[left * lists];
        int to = 0;
        for (int row = 0; row < rows; row++) {
            if (kept[row]) {
                System.arraycopy(counts, row * lists, keptCounts, to * lists, lists);
                System.arraycopy(mass, row * lists, keptMass, to * lists, lists);
                System.arraycopy(positions, row * lists * stride, keptPositions, to * lists * stride, lists * stride);
                to++;
            }
        }
        return new SelectionMatrix(left, groups, kvHeads, stride, keptCounts, keptPositions, keptMass);
    }
}
