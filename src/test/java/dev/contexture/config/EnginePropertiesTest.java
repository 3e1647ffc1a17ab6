package dev.contexture.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.contexture.core.ExecutionProvider;
import dev.contexture.core.Precision;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
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
    }

    @ParameterizedTest
    @CsvSource({
        "auto, quantised, CUDA, QUANTISED_HALF",
        "auto, dequantised, CUDA, HALF",
        "fast, quantised, CUDA, QUANTISED_HALF",
        "fast, dequantised, CUDA, HALF",
        "fp16, quantised, CUDA, QUANTISED_HALF",
        "fp16, dequantised, CUDA, HALF",
        "bf16, quantised, CUDA, BRAIN_FLOAT",
        "auto, quantised, CPU, FAST",
        "fast, quantised, CPU, FAST",
        "exact, quantised, CPU, EXACT"
    })
    void precisionFollowsFromSettingsAndPlace(
            String precision, String weights, ExecutionProvider where, Precision expected) {
        EngineProperties engine = bind(Map.of(
                "contexture.engine.provider", "auto",
                "contexture.engine.precision", precision,
                "contexture.engine.device-weights", weights));
        assertThat(engine.precisionOn(where)).isEqualTo(expected);
    }

    @Test
    void exactStaysOnCpus() {
        EngineProperties exact =
                bind(Map.of("contexture.engine.provider", "auto", "contexture.engine.precision", "exact"));
        assertThat(exact.providerOr(() -> true)).isEqualTo(ExecutionProvider.CPU);
        assertThatThrownBy(() ->
                        bind(Map.of("contexture.engine.provider", "cuda", "contexture.engine.precision", "exact")))
                .hasStackTraceContaining("contexture.engine.precision is exact, but CUDA devices compute in 16 bits");
    }

    @ParameterizedTest
    @ValueSource(strings = {"fp16", "bf16"})
    void numbersOf16BitsAreOfDevices(String precision) {
        assertThatThrownBy(() -> bind(Map.of("contexture.engine.precision", precision)))
                .hasStackTraceContaining(
                        "contexture.engine.precision is " + precision + ", which only CUDA devices compute in");
        EngineProperties auto =
                bind(Map.of("contexture.engine.provider", "auto", "contexture.engine.precision", precision));
        assertThatThrownBy(() -> auto.precisionOn(ExecutionProvider.CPU))
                .hasMessageContaining("the model is to run on the CPU");
    }

    @Test
    void theUsualIsTheCpuAndAsksForNoDevice() {
        EngineProperties usual = bind(Map.of());
        assertThat(usual.providerOr(() -> {
                    throw new AssertionError("asked for a device");
                }))
                .isEqualTo(ExecutionProvider.CPU);
    }
}
