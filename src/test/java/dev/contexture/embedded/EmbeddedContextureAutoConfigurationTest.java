package dev.contexture.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.contexture.api.ScriptedChat;
import dev.contexture.config.InvalidSettingException;
import dev.contexture.provider.autoconfigure.LangChain4jContextureAutoConfiguration;
import dev.contexture.provider.autoconfigure.SpringAiContextureAutoConfiguration;
import dev.contexture.session.InferenceService;
import dev.contexture.session.dialect.DialectSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

/** When an application gets an engine of its own; that it answers is ExamplesIT's. */
class EmbeddedContextureAutoConfigurationTest {
    private static final String NOTHING = "contexture.model.id=/nothing/here.gguf";

    @TempDir
    private Path folder;

    private ApplicationContextRunner runner() {
        return new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(
                        EmbeddedContextureAutoConfiguration.class,
                        LangChain4jContextureAutoConfiguration.class,
                        SpringAiContextureAutoConfiguration.class))
                .withPropertyValues(NOTHING, "contexture.data-dir=" + folder);
    }

    @Test
    void theJarAloneStartsNothing() {
        runner().run(context -> assertThat(context)
                .hasNotFailed()
                .doesNotHaveBean(EmbeddedContexture.class)
                .doesNotHaveBean(InferenceService.class));
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void eitherFrameworkAsksForOne() {
        for (String mode :
                new String[] {"langchain4j.contexture.mode=embedded", "spring.ai.contexture.mode=EMBEDDED"}) {
            runner().withPropertyValues(mode)
                    .run(context -> assertThat(context)
                            .getFailure()
                            .hasStackTraceContaining("/nothing/here.gguf does not exist"));
        }
    }

    @Test
    void aFrameworkThatIsNotThereDoesNot() {
        runner().withPropertyValues("langchain4j.contexture.mode=embedded")
                .withClassLoader(new FilteredClassLoader("dev.langchain4j"))
                .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(EmbeddedContexture.class));
    }

    @Test
    void theApplicationsOwnEngineComesFirst() {
        try (ScriptedChat server = new ScriptedChat("qwen3", DialectSettings.AUTO)) {
            runner().withPropertyValues("langchain4j.contexture.mode=embedded")
                    .withBean(InferenceService.class, () -> server.scripted().service())
                    .run(context -> assertThat(context)
                            .hasNotFailed()
                            .doesNotHaveBean(EmbeddedContexture.class)
                            .hasSingleBean(dev.langchain4j.model.chat.ChatModel.class));
        }
    }

    @Test
    void whatIsWrongIsSaidInWords() {
        assertThat(failure(Map.of("contexture.model.name", "x", "server.port", 1)))
                .isInstanceOf(InvalidSettingException.class)
                .hasMessageStartingWith(
                        "An engine in this process has no settings [contexture.model.name, server.port];")
                .hasMessageContaining("contexture.model.id");
        Path data = folder.resolve("data");
        assertThat(failure(Map.of("contexture.data-dir", data, "contexture.model.id", "/nothing/here.gguf")))
                .hasMessageContaining("The model file or folder /nothing/here.gguf does not exist");
        assertThat(failure(Map.of("contexture.data-dir", data, "contexture.kv.device-bytes", "0B")))
                .hasMessageContaining("contexture.kv.device-bytes must be positive");
        assertThat(Files.exists(data.resolve("graphs"))).isFalse();
    }

    private static Throwable failure(Map<String, ?> settings) {
        return catchThrowable(() -> EmbeddedContexture.open(settings).close());
    }
}
