package dev.contexture.kv.memory;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The plan of a memory model as a table, for people. */
public final class MemoryReport {
    private static final double GIB = 1L << 30;

    private MemoryReport() {}

    /**
     * One line per number of sequences: most tokens of all together with none, some and all layers in host memory.
     *
     * @param sequences ascending
     */
    public static List<String> of(String name, MemoryModel model, List<Integer> sequences) {
        List<String> lines = new ArrayList<>();
        lines.add(String.format(
                Locale.ROOT,
                "%s: %.1f GiB, of which %.2f for weights and buffers; %d layers of %d bytes per token, %d for the head",
                name,
                model.memoryBytes() / GIB,
                (model.memoryBytes() - model.freeBytes()) / GIB,
                model.layers(),
                model.layerTokenBytes(),
                model.headTokenBytes()));
        if (model.freeBytes() <= 0) {
            lines.add("  the weights do not fit");
            return lines;
        }
        int[] layers = {0, 1, model.layers() / 8, model.layers() / 4, model.layers() / 2, model.layers()};
        StringBuilder head = new StringBuilder("  sequences | tokens with layers in host memory:");
        for (int each : layers) {
            head.append(String.format(Locale.ROOT, " %12d", each));
        }
        lines.add(head.toString());
        for (int count : sequences) {
            StringBuilder line = new StringBuilder(String.format(Locale.ROOT, "  %9d |%35s", count, ""));
            for (int each : layers) {
                line.append(String.format(Locale.ROOT, " %12d", model.threshold(each, count)));
            }
            lines.add(line.toString());
        }
        return lines;
    }
}
