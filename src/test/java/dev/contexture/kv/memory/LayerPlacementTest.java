package dev.contexture.kv.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.contexture.kv.memory.PlacementSimulator.Outcome;
import dev.contexture.kv.memory.PlacementSimulator.Trace;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LayerPlacementTest {
    /** 10 layers of 10 bytes, 5 for the head: 100 tokens with all on the device. */
    private static final MemoryModel SMALL = new MemoryModel(10_500 + 1_000, 1_000, 0, 10, 10, 5, 2);

    private static final MemoryModel LLAMA = new MemoryModel(24L << 30, 16_060_000_000L, 0.1, 32, 4096, 2048, 2048);

    private final LayerPlacement placement = new LayerPlacement(SMALL, new PlacementSettings(0.9, 0.5, 1_000));

    /** The paper's rule, which never takes a layer back: the oracle while nothing ends. */
    @Test
    void leavesLayersAsPublishedWhileLengthsGrow() {
        int published = 0;
        for (long tokens = 1; tokens <= SMALL.threshold(10, 1); tokens++) {
            while (published < 10 && tokens > SMALL.threshold(published, 1)) {
                published++;
            }
            assertThat(placement.step(tokens, 1).hostLayers()).isEqualTo(published);
        }
        assertThat(published).isEqualTo(10);
        assertThat(placement.step(SMALL.threshold(10, 1) + 1, 1).fits()).isFalse();
        assertThat(placement.hostLayers()).isEqualTo(10);
    }

    @Test
    void whatIsCopiedInTimeCostsNothingWhenItLeaves() {
        long exposed = 0;
        long mirrored = 0;
        for (long tokens = 1; tokens <= SMALL.threshold(5, 1); tokens++) {
            LayerPlacement.Decision decision = placement.step(tokens, 1);
            exposed += decision.exposedBytes();
            mirrored += decision.mirroredBytes();
        }
        assertThat(mirrored).isPositive();
        assertThat(exposed).as("the token of the step itself, at most").isLessThanOrEqualTo(5 * 10);
        LayerPlacement sudden = new LayerPlacement(SMALL, new PlacementSettings(0.9, 0.5, 1_000));
        assertThat(sudden.step(SMALL.threshold(3, 1), 1).exposedBytes()).isEqualTo(3 * SMALL.threshold(3, 1) * 10);
    }

    @Test
    void whatWasCopiedOfASequenceThatEndedDoesNotCount() {
        long edge = SMALL.threshold(0, 1);
        for (int i = 0; i < 3; i++) {
            placement.step(edge, 1);
        }
        placement.ended(40);
        assertThat(placement.step(edge + 1, 1).exposedBytes())
                .as("another sequence took the place of the 40 tokens")
                .isEqualTo((1 + 40) * 10);
    }

    @Test
    void aLayerThatCameBackIsStillInHostMemory() {
        long edge = SMALL.threshold(0, 1);
        placement.step(edge + 1, 1);
        assertThat(placement.step(20, 1).returnedBytes()).isEqualTo(200);
        assertThat(placement.step(edge + 1, 1).exposedBytes()).isEqualTo((edge + 1 - 20) * 10);
    }

    @Test
    void nothingMovesToAndFro() {
        long edge = SMALL.threshold(2, 1);
        placement.step(edge + 1, 1);
        assertThat(placement.hostLayers()).isEqualTo(3);
        for (int i = 0; i < 1_000; i++) {
            LayerPlacement.Decision decision = placement.step(edge + (i % 2 == 0 ? -3 : 3), 1);
            assertThat(decision.hostLayers()).isEqualTo(3);
            assertThat(decision.returnedBytes()).isZero();
        }
        for (int i = 0; i < 3; i++) {
            assertThat(placement.step(10, 1).returnedBytes()).isEqualTo(100);
        }
        assertThat(placement.hostLayers()).isZero();
    }

    /** Selections of many sequences take more than a layer of few tokens gives. */
    @Test
    void manySequencesMayNeedFewerLayersInHostMemory() {
        placement.step(SMALL.threshold(4, 1), 1);
        assertThat(placement.hostLayers()).isEqualTo(4);
        LayerPlacement.Decision decision = placement.step(90, 200);
        assertThat(decision.fits()).isTrue();
        assertThat(decision.hostLayers()).isZero();
    }

    /** Two and a half million steps in all; the simulator checks every one. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void holdsForAnyTrace(long seed) {
        Trace trace = new Trace(0.002 * seed, 4 << seed, 3_000 * seed, 400);
        Outcome outcome = new PlacementSimulator(LLAMA, PlacementSettings.DEFAULT, trace, seed).run(500_000);
        System.out.printf(
                "placement seed %d: %d layers at most, %d moves, %d MB mirrored, %d MB exposed, %d waits%n",
                seed,
                outcome.mostHostLayers,
                outcome.moves,
                outcome.mirroredBytes >> 20,
                outcome.exposedBytes >> 20,
                outcome.waits);
        assertThat(outcome.steps).isGreaterThanOrEqualTo(500_000);
        assertThat(outcome.mostUsedBytes).isLessThanOrEqualTo(LLAMA.memoryBytes());
        if (seed > 2) {
            assertThat(outcome.mostHostLayers).isPositive();
            assertThat(outcome.moves).isLessThan(outcome.steps / 20);
        }
    }

    @Test
    void theSameSeedGivesTheSame() {
        Trace trace = new Trace(0.01, 32, 12_000, 400);
        Outcome one = new PlacementSimulator(LLAMA, PlacementSettings.DEFAULT, trace, 7).run(20_000);
        Outcome other = new PlacementSimulator(LLAMA, PlacementSettings.DEFAULT, trace, 7).run(20_000);
        assertThat(one).usingRecursiveComparison().isEqualTo(other);
    }

    @Test
    void settingsMakeSense() {
        assertThatThrownBy(() -> new PlacementSettings(0.5, 0.6, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new PlacementSettings(0.9, 0.5, -1)).isInstanceOf(IllegalArgumentException.class);
    }
}
