package dev.contexture.config;

import dev.contexture.core.ExecutionProvider;
import java.util.List;

/**
 * What was found, and what follows from it.
 *
 * @param provider that the settings lead to on this machine
 * @param servable whether nothing is missing that it needs
 */
record Diagnosis(ExecutionProvider provider, boolean servable, List<Finding> findings) {
    Diagnosis {
        findings = List.copyOf(findings);
    }

    List<Finding> missing() {
        return findings.stream().filter(Finding::isMissing).toList();
    }
}
