package dev.contexture.bench;

import dev.contexture.engine.SelectionListener;
import java.util.LinkedHashMap;
import java.util.Map;

/** Counts what steps bring from layers in host memory. */
final class LayerTraffic implements SelectionListener {
    private int hostLayers;
    private long wanted;
    private long missing;

    /** Layers stay where they are. */
    void clear() {
        wanted = 0;
        missing = 0;
    }

    Map<String, Object> row(int steps) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("host_layers", hostLayers);
        row.put("wanted_per_step", wanted / steps);
        row.put("loaded_per_step", missing / steps);
        return row;
    }

    @Override
    public void placed(int layers, long nanos) {
        hostLayers = layers;
    }

    @Override
    public void loaded(long wantedNow, long missingNow) {
        wanted += wantedNow;
        missing += missingNow;
    }
}
