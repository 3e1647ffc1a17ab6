package dev.contexture.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.contexture.core.SparsityPolicy;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

/** Settings that cannot be are refused by name, before anything is loaded. */
class SparsityPropertiesTest {
    private static SparsityProperties bind(Map<String, String> values) {
        return new Binder(new MapConfigurationPropertySource(values))
                .bindOrCreate("contexture.sparsity", SparsityProperties.class);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "budget | 60 | contexture.sparsity.budget (60) must hold sink and recent (68)",
                "budget | 5000 | contexture.sparsity.budget (5000) must hold sink and recent (68) and be at most max-budget",
                "budget | -1 | contexture.sparsity.budget must not be negative but is -1",
                "max-budget | 64 | contexture.sparsity.max-budget (64) must hold sink and recent (68)",
                "sink | -1 | contexture.sparsity.sink must not be negative but is -1",
                "recent | 0 | contexture.sparsity.recent must be at least 1",
                "residency-factor | 10000000 | contexture.sparsity.residency-factor must be in 1..1024",
                "prefill-budget | 32 | contexture.sparsity.prefill-budget (32) must be 0 or hold sink and recent (68)",
                "reuse-interval | 0 | contexture.sparsity.reuse-interval must be in 1..16",
                "low-mass | 1 | contexture.sparsity.low-mass must be in [0, 1)",
            })
    void whatCannotBeIsRefusedByName(String name, String value, String reason) {
        assertThatThrownBy(() -> bind(Map.of("contexture.sparsity." + name, value)))
                .hasStackTraceContaining(reason);
    }

    @Test
    void settingsThatContradictEachOtherAreRefused() {
        assertThatThrownBy(() ->
                        bind(Map.of("contexture.sparsity.selector", "none", "contexture.sparsity.mode", "tokens")))
                .hasStackTraceContaining("contexture.sparsity.mode must be auto or dense where selector is none");
        assertThatThrownBy(() -> bind(
                        Map.of("contexture.sparsity.selector", "descriptors", "contexture.sparsity.head", "/a/file")))
                .hasStackTraceContaining("selector does not let a head choose");
    }

    @Test
    void theUsualBudgetDependsOnWhatChooses() {
        SparsityProperties usual = bind(Map.of());
        assertThat(usual.policy(true).defaults().budget()).isEqualTo(512);
        assertThat(usual.policy(false).defaults().budget()).isEqualTo(1024);
        SparsityPolicy bounded =
                bind(Map.of("contexture.sparsity.max-budget", "300")).policy(true);
        assertThat(bounded.defaults().budget()).isEqualTo(300);
        assertThat(bounded.defaults().residency()).isEqualTo(1200);
    }
}
