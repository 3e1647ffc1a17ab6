package dev.contexture.kv.memory;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Sequences that come, grow and end, as a seed says; what a placement makes of them is checked at every step. */
public final class PlacementSimulator {
    private static final int CHUNK_TOKENS = 512;

    private final MemoryModel model;
    private final LayerPlacement placement;
    private final Trace trace;
    private final Random random;
    /** Of each: its tokens, those of its prompt that are still to come, and those of its output. */
    private final List<long[]> running = new ArrayList<>();

    private long tokens;

    /** What came of it. */
    public static final class Outcome {
        public long steps;
        public long mirroredBytes;
        public long exposedBytes;
        public long returnedBytes;
        public long waits;
        public long moves;
        public int mostHostLayers;
        public long mostUsedBytes;
        /** Steps with so many layers in host memory. */
        public long[] stepsByHostLayers = {};
    }

    /**
     * @param arrival chance of a new sequence per step
     * @param mostSequences at a time
     * @param meanPrompt tokens, exponentially distributed
     * @param meanOutput tokens, exponentially distributed
     */
    public record Trace(double arrival, int mostSequences, double meanPrompt, double meanOutput) {}

    public PlacementSimulator(MemoryModel model, PlacementSettings settings, Trace trace, long seed) {
        this.model = model;
        this.placement = new LayerPlacement(model, settings);
        this.trace = trace;
        this.random = new Random(seed);
    }

    /**
     * @throws IllegalStateException if something does not hold that must
     */
    public Outcome run(long steps) {
        Outcome outcome = new Outcome();
        outcome.stepsByHostLayers = new long[model.layers() + 1];
        for (long step = 0; step < steps; step++) {
            turn(outcome);
        }
        running.clear();
        tokens = 0;
        for (int i = 0; i <= model.layers(); i++) {
            step(outcome, 0, 1);
        }
        require(placement.hostLayers() == 0, "layers did not come back when all had ended");
        return outcome;
    }

    private void turn(Outcome outcome) {
        if (running.size() < trace.mostSequences && random.nextDouble() < trace.arrival) {
            running.add(new long[] {0, drawn(trace.meanPrompt), drawn(trace.meanOutput)});
        }
        long demand = tokens;
        for (long[] sequence : running) {
            demand += growth(sequence);
        }
        if (!step(outcome, demand, Math.max(1, running.size()))) {
            end(running.size() - 1); // the youngest makes room
            outcome.waits++;
            return;
        }
        for (int i = running.size() - 1; i >= 0; i--) {
            long[] sequence = running.get(i);
            long grown = growth(sequence);
            if (sequence[1] > 0) {
                sequence[1] -= grown;
            } else {
                sequence[2]--;
            }
            sequence[0] += grown;
            tokens += grown;
            if (sequence[2] <= 0) {
                end(i);
            }
        }
    }

    private long drawn(double mean) {
        return 1 + (long) (-mean * Math.log(1 - random.nextDouble()));
    }

    /** A chunk of the prompt, then a token at a time. */
    private static long growth(long[] sequence) {
        return sequence[1] > 0 ? Math.min(sequence[1], CHUNK_TOKENS) : 1;
    }

    private void end(int index) {
        long gone = running.remove(index)[0];
        placement.ended(gone);
        tokens -= gone;
    }

    private boolean step(Outcome outcome, long demand, int sequences) {
        int before = placement.hostLayers();
        LayerPlacement.Decision decision = placement.step(demand, sequences);
        outcome.steps++;
        if (!decision.fits()) {
            require(placement.hostLayers() == before, "a demand that does not fit moved layers");
            return false;
        }
        long used = model.usedBytes(demand, sequences, decision.hostLayers());
        require(used <= model.memoryBytes(), "a step uses " + used + " bytes of " + model.memoryBytes());
        require(
                decision.hostLayers() >= 0 && decision.hostLayers() <= model.layers(),
                "layers that do not exist moved");
        require(decision.exposedBytes() == 0 || decision.hostLayers() != before, "bytes were copied for no layer");
        outcome.mirroredBytes += decision.mirroredBytes();
        outcome.exposedBytes += decision.exposedBytes();
        outcome.returnedBytes += decision.returnedBytes();
        outcome.moves += Math.abs(decision.hostLayers() - before);
        outcome.mostHostLayers = Math.max(outcome.mostHostLayers, decision.hostLayers());
        outcome.mostUsedBytes = Math.max(outcome.mostUsedBytes, used);
        outcome.stepsByHostLayers[decision.hostLayers()]++;
        return true;
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new IllegalStateException(otherwise);
        }
    }
}
