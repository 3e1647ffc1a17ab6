package dev.contexture.bench;

import java.util.HashMap;
import java.util.Map;

/** Options that become settings of {@code contexture.sparsity}. */
final class SparsityOptions {
    private SparsityOptions() {}

    /** The selector, head and interval of reuse asked for; everything else as the service has it. */
    static Map<String, String> of(Options options) {
        Map<String, String> settings = new HashMap<>();
        settings.put("selector", options.text("selector", "auto"));
        String head = options.text("head", "");
        if (!head.isEmpty()) {
            settings.put("head", head);
        }
        String reuse = options.text("reuse", "");
        if (!reuse.isEmpty()) {
            settings.put("reuse-interval", reuse);
        }
        return settings;
    }

    /** Nothing selects: the engine as it is without a retriever. */
    static Map<String, String> none() {
        return Map.of("selector", "none");
    }
}
