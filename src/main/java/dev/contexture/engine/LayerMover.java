package dev.contexture.engine;

import dev.contexture.kv.KvCache;
import dev.contexture.kv.SlotRequest;
import dev.contexture.kv.memory.LayerPlacement;
import dev.contexture.kv.memory.LayerThresholds;
import dev.contexture.kv.memory.PlacementSettings;
import dev.contexture.nativelib.NativeLayers;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * Has the device's last layers leave for host memory as the sequences' lengths want it, and come back. What a layer leaves behind
 * is room for the others' further pages.
 */
public final class LayerMover implements StepMemory {
    /** Steps of little demand in a row before cached prefixes are given up so that layers come back. */
    static final int PATIENT_STEPS = 256;

    private final NativeLayers layers;
    private final KvCache kv;
    private final SelectionListener listener;
    private final LongSupplier nanoClock;
    /** Pages that there is room for, by layers in host memory. */
    private final int[] limits;

    private final int mostPages;
    private final LayerPlacement placement;
    private int hostLayers;
    private int modestSteps;

    /**
     * @param modelLayers in all
     * @param pages ids that pages have
     */
    public LayerMover(
            NativeLayers layers,
            int modelLayers,
            int pages,
            long layerTokenBytes,
            KvCache kv,
            SelectionListener listener,
            LongSupplier nanoClock) {
        this.layers = layers;
        this.kv = kv;
        this.listener = listener;
        this.nanoClock = nanoClock;
        this.limits = new int[layers.mostHostLayers() + 1];
        Arrays.setAll(limits, i -> Math.min(pages, layers.pageLimit(i)));
        this.mostPages = Arrays.stream(limits).max().orElseThrow();
        this.placement = new LayerPlacement(new Limits(modelLayers, layerTokenBytes), PlacementSettings.WITHOUT_MIRROR);
        kv.limitPages(limits[0], mostPages);
    }

    /** Most pages that sequences can have together. */
    public int mostPages() {
        return mostPages;
    }

    /** What the native pool says, which counts whole pieces of memory. */
    private final class Limits implements LayerThresholds {
        private final int modelLayers;
        private final long layerTokenBytes;

        private Limits(int modelLayers, long layerTokenBytes) {
            this.modelLayers = modelLayers;
            this.layerTokenBytes = layerTokenBytes;
        }

        @Override
        public int layers() {
            return modelLayers;
        }

        @Override
        public long layerTokenBytes() {
            return layerTokenBytes;
        }

        @Override
        public long threshold(int onHost, int sequences) {
            return onHost < limits.length ? (long) limits[onHost] * kv.pageTokens() : 0;
        }
    }

    @Override
    public void before(StepPlan plan) {
        long tokens = (long) kv.pagesBehind(plan.slotRequests()) * kv.pageTokens();
        modestSteps = hostLayers > 0 && tokens < (long) limits[hostLayers - 1] * kv.pageTokens() ? modestSteps + 1 : 0;
        int kept = modestSteps < PATIENT_STEPS ? kv.heldPagesBelow() : kv.usedPagesBelow();
        LayerPlacement.Decision decision =
                placement.step(tokens, plan.sequences().size(), least(kept));
        if (decision.fits() && decision.hostLayers() != hostLayers) {
            move(decision.hostLayers());
        }
    }

    /** No layer comes back meanwhile: more tokens may follow at once. */
    @Override
    public void makeRoom(SlotRequest brought) {
        long tokens = (long) kv.pagesBehind(List.of(brought)) * kv.pageTokens();
        LayerPlacement.Decision decision = placement.step(tokens, 1, hostLayers);
        if (decision.fits() && decision.hostLayers() != hostLayers) {
            move(decision.hostLayers());
        }
    }

    /** With fewer layers in host memory there would be no room for one of the first so many pages. */
    private int least(int pages) {
        int least = hostLayers;
        while (least > 0 && limits[least - 1] >= pages) {
            least--;
        }
        return least;
    }

    private void move(int onHost) {
        long begin = nanoClock.getAsLong();
        if (limits[onHost] < limits[hostLayers]) {
            kv.limitPages(limits[onHost], mostPages);
        }
        layers.place(onHost, kv.heldPages());
        hostLayers = onHost;
        kv.limitPages(limits[onHost], mostPages);
        listener.placed(onHost, nanoClock.getAsLong() - begin);
    }

    @Override
    public void after() {
        if (hostLayers > 0) {
            NativeLayers.Loaded loaded = layers.loaded();
            if (loaded.wanted() > 0) {
                listener.loaded(loaded.wanted(), loaded.missing());
            }
        }
    }
}
