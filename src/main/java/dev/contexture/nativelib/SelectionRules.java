package dev.contexture.nativelib;

import dev.contexture.core.SelectionRule;
import java.util.List;

/** Rules as the native library reads them: eight ints each. */
final class SelectionRules {
    private static final int RULE_INTS = 8;

    private SelectionRules() {}

    static int[] flat(List<SelectionRule> rules) {
        int[] flat = new int[rules.size() * RULE_INTS];
        int at = 0;
        for (SelectionRule rule : rules) {
            flat[at++] = rule.unit().ordinal();
            flat[at++] = rule.budget();
            flat[at++] = rule.sink();
            flat[at++] = rule.recent();
            flat[at++] = rule.residency();
            flat[at++] = rule.heads().ordinal();
            flat[at++] = rule.pooling().ordinal();
            flat[at++] = 0;
        }
        return flat;
    }
}
