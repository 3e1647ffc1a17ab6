package dev.contexture.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.session.embedding.EmbeddingService;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

class EmbeddingConfigurationTest {
    private final ApplicationContextRunner runner = new ApplicationContextRunner()
            .withBean(SimpleMeterRegistry.class)
            .withUserConfiguration(EmbeddingConfiguration.class);

    @Test
    void thereIsAModelUnlessNoneIsWanted() {
        runner.run(context -> assertThat(context.getBean(EmbeddingService.class).model())
                .satisfies(model -> assertThat(model.id()).isEqualTo("all-minilm-l6-v2"))
                .satisfies(model -> assertThat(model.safeInputs()).isEqualTo(1171)));
        runner.withPropertyValues("contexture.embedding.model=none")
                .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(EmbeddingService.class));
    }

    @ParameterizedTest
    @CsvSource({
        "model, other, must be all-minilm-l6-v2 or none but is other",
        "precision, half, must be exact or fast but is half",
        "threads, -1, must be 0 to 256 but is -1",
        "max-input-tokens, 513, must be 3 to 512 but is 513",
        "max-request-tokens, 255, must be 256 to 67108864 but is 255",
        "batch-tokens, 0, must be 1 to 65536 but is 0",
        "max-inputs, 0, must be 1 to 1048576 but is 0",
        "max-queued-requests, 0, must be 1 to 65536 but is 0",
        "max-queued-tokens, 299999, must be 300000 to 1099511627776 but is 299999"
    })
    void valuesOutOfRangeStopTheStart(String name, String value, String words) {
        runner.withPropertyValues("contexture.embedding." + name + "=" + value)
                .run(context -> assertThat(context)
                        .getFailure()
                        .hasStackTraceContaining("contexture.embedding." + name + " " + words));
    }

    @Test
    void whatIsQuantisedInTheGraphIsComputedAlone() {
        runner.withPropertyValues("contexture.embedding.precision=fast", "contexture.embedding.too-long=truncate")
                .run(context -> assertThat(context.getBean(EmbeddingProperties.class)
                                .toBounds()
                                .batchInputs())
                        .isEqualTo(1));
    }
}
