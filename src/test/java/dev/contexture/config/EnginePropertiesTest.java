package dev.contexture.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.contexture.core.ExecutionProvider;
import dev.contexture.core.Precision;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

class EnginePropertiesTest {
    private static EngineProperties bind(Map<String, String> values) {
        return new Binder(new MapConfigurationPropertySource(values))
                .bindOrCreate("contexture.engine", EngineProperties.class);
    }

    @Test
    void autoTakesTheDeviceIfThereIsOne() {
        EngineProperties auto = bind(Map.of("contexture.engine.provider", "auto"));
        assertThat(auto.providerOr(() -> true)).isEqualTo(ExecutionProvider.CUDA);
        assertThat(auto.providerOr(() -> false)).isEqualTo(ExecutionProvider.CPU);
        assertThat(auto.precisionOn(ExecutionProvider.CUDA)).isEqualTo(Precision.HALF);
        assertThat(auto.precisionOn(ExecutionProvider.CPU)).isEqualTo(Precision.FAST);
    }

    @Test
    void exactStaysOnCpus() {
        EngineProperties exact =
                bind(Map.of("contexture.engine.provider", "auto", "contexture.engine.precision", "exact"));
        assertThat(exact.providerOr(() -> true)).isEqualTo(ExecutionProvider.CPU);
        assertThatThrownBy(() ->
                        bind(Map.of("contexture.engine.provider", "cuda", "contexture.engine.precision", "exact")))
                .hasStackTraceContaining("contexture.engine.precision is exact, but CUDA devices compute in fp16");
    }

    @Test
    void theUsualIsTheCpuAndAsksForNoDevice() {
        EngineProperties usual = bind(Map.of());
        assertThat(usual.providerOr(() -> {
                    throw new AssertionError("asked for a device");
                }))
                .isEqualTo(ExecutionProvider.CPU);
    }

    @Test
    void halfIsNotASetting() {
        assertThatThrownBy(() -> bind(Map.of("contexture.engine.precision", "half")))
                .hasStackTraceContaining("contexture.engine.precision must be fast or exact");
    }
}
