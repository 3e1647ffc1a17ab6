package dev.contexture.testing;

import dev.contexture.core.SelectionMatrix;
import dev.contexture.nativelib.DescriptorStep;
import dev.contexture.nativelib.NativeDescriptors;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Keeps which blocks were described, has room for a number of them, and selects a row's own position only. */
public final class FakeDescriptors implements NativeDescriptors {
    public final List<DescriptorStep> steps = new ArrayList<>();
    private final Map<Long, int[]> blockEnds = new HashMap<>();
    private final int roomBlocks;
    private long nextSequence = 1;

    public FakeDescriptors(int roomBlocks) {
        this.roomBlocks = roomBlocks;
    }

    /** Of the only sequence. */
    public int[] blockEnds() {
        return blockEnds.values().iterator().next();
    }

    public int sequences() {
        return blockEnds.size();
    }

    @Override
    public long bytes() {
        return blockEnds.values().stream().mapToInt(ends -> ends.length).sum();
    }

    @Override
    public long begin() {
        blockEnds.put(nextSequence, new int[0]);
        return nextSequence++;
    }

    @Override
    public void end(long sequence) {
        if (blockEnds.remove(sequence) == null) {
            throw new IllegalStateException("sequence " + sequence + " has ended already");
        }
    }

    @Override
    public boolean describe(long sequence, int[] pages, int[] ends) {
        long others = bytes() - ends(sequence).length;
        if (others + ends.length > roomBlocks) {
            return false;
        }
        blockEnds.put(sequence, ends);
        return true;
    }

    private int[] ends(long sequence) {
        int[] ends = blockEnds.get(sequence);
        if (ends == null) {
            throw new IllegalStateException("there is no sequence " + sequence);
        }
        return ends;
    }

    @Override
    public SelectionMatrix select(DescriptorStep step) {
        steps.add(step);
        int[] counts = new int[step.rows()];
        for (int row = 0; row < counts.length; row++) {
            counts[row] = step.sequences()[row] == 0 || ends(step.sequences()[row]).length == 0 ? 0 : 1;
        }
        return new SelectionMatrix(
                step.rows(), 1, 1, 1, counts, step.positions().clone(), new float[step.rows()]);
    }

    @Override
    public void close() {}
}
