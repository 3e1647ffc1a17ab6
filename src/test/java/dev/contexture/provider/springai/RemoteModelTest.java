package dev.contexture.provider.springai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.contexture.api.ScriptedChat;
import dev.contexture.core.SparsityMode;
import dev.contexture.provider.ContextureClient;
import dev.contexture.provider.ContextureException;
import dev.contexture.provider.EmbeddedClient;
import dev.contexture.provider.remote.RemoteContexture;
import dev.contexture.provider.remote.RemoteSettings;
import dev.contexture.scheduler.QueueFullException;
import dev.contexture.session.dialect.DialectSettings;
import dev.contexture.session.dialect.ToolChoice;
import dev.contexture.testing.LetterEmbeddings;
import dev.contexture.testing.ScriptedGenerator;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.ObservationRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.ai.chat.model.ChatResponse;
import org.springframework.ai.chat.observation.ChatModelObservationContext;
import org.springframework.ai.chat.prompt.ChatOptions;
import org.springframework.ai.chat.prompt.Prompt;
import org.springframework.ai.model.tool.ToolCallingManager;

/** Spring AI's models over the engine of this process and over HTTP. */
class RemoteModelTest {
    private static ScriptedChat server;
    private static RemoteContexture remote;

    private final List<ChatModelObservationContext> stopped = Collections.synchronizedList(new ArrayList<>());
    private final ObservationRegistry observations = ObservationRegistry.create();

    @BeforeAll
    static void start() {
        server = new ScriptedChat("qwen3", DialectSettings.AUTO);
        remote = new RemoteContexture(RemoteSettings.of(server.url(), ""), () -> 0);
    }

    @AfterAll
    static void stop() {
        remote.close();
        server.close();
    }

    @BeforeEach
    void begin() {
        generator().forget();
        observations.observationConfig().observationHandler(new ObservationHandler<ChatModelObservationContext>() {
            @Override
            public void onStop(ChatModelObservationContext context) {
                stopped.add(context);
            }

            @Override
            public boolean supportsContext(Observation.Context context) {
                return context instanceof ChatModelObservationContext;
            }
        });
    }

    private static ScriptedGenerator generator() {
        return server.scripted().generator();
    }

    private ContextureChatModel model(boolean overHttp) {
        ContextureClient client =
                overHttp ? remote.chat() : EmbeddedClient.of(server.scripted().service());
        return new ContextureChatModel(
                client,
                ContextureChatOptions.builder().temperature(0.5).seed(3L).build(),
                ToolCallingManager.builder().build(),
                observations);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void optionsReachTheEngineAndMetadataComesBack(boolean overHttp) {
        ContextureChatModel model = model(overHttp);
        generator().willAnswer("<think>\nHm.\n</think>\n\nFine.", 5);
        ChatResponse response = model.call(new Prompt("How is it?"));
        assertThat(generator().lastRequest().sampling().temperature()).isEqualTo(0.5f);
        assertThat(generator().lastRequest().sampling().seed()).isEqualTo(3);
        var output = Objects.requireNonNull(response.getResult()).getOutput();
        assertThat(output.getText()).isEqualTo("Fine.");
        assertThat(output.getMetadata()).containsEntry(ContextureChatModel.THINKING, "Hm.");
        assertThat(response.getMetadata().getModel()).isEqualTo("scripted");
        assertThat(response.getMetadata().getUsage().getCacheReadInputTokens()).isEqualTo(5);
        assertThat(stopped).singleElement().satisfies(context -> {
            assertThat(context.getResponse()).isSameAs(response);
            assertThat(context.isStreaming()).isFalse();
        });
        generator().willAnswer("Fine.");
        model.call(new Prompt(
                "How is it?",
                ContextureChatOptions.builder()
                        .minP(0.2)
                        .repetitionPenalty(1.5)
                        .thinking(false)
                        .sparsity(SparsityMode.DENSE, null)
                        .build()));
        assertThat(generator().lastRequest().sampling().minP()).isEqualTo(0.2f);
        assertThat(generator().lastRequest().sampling().repetitionPenalty()).isEqualTo(1.5f);
        assertThat(generator().lastPrompt()).endsWith("<think>\n\n</think>\n\n");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void streamsAreObserved(boolean overHttp) throws InterruptedException {
        generator().willAnswer("Fine, thanks.", 5);
        List<ChatResponse> chunks = model(overHttp).stream(new Prompt("How is it?"))
                .collectList()
                .blockOptional(Duration.ofSeconds(10))
                .orElseThrow();
        assertThat(chunks.getLast().getMetadata().getUsage().getCacheReadInputTokens())
                .isEqualTo(5);
        for (int i = 0; i < 500 && stopped.isEmpty(); i++) {
            Thread.sleep(10); // the observation ends behind the last chunk
        }
        assertThat(stopped).singleElement().satisfies(context -> {
            ChatResponse whole = Objects.requireNonNull(context.getResponse());
            assertThat(Objects.requireNonNull(whole.getResult()).getOutput().getText())
                    .isEqualTo("Fine, thanks.");
            assertThat(context.isStreaming()).isTrue();
        });
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void cancelsAndErrors(boolean overHttp) throws InterruptedException {
        int before = generator().cancels();
        generator().willGoOnBehind("Once upon");
        model(overHttp).stream(new Prompt("Tell")).take(2).blockLast(Duration.ofSeconds(10));
        for (int i = 0; i < 500 && generator().cancels() == before; i++) {
            Thread.sleep(10);
        }
        assertThat(generator().cancels()).isEqualTo(before + 1);
        generator().willRefuse(new QueueFullException("full", Duration.ofMinutes(5)));
        assertThatThrownBy(() -> model(overHttp).call(new Prompt("Hi")))
                .isInstanceOfSatisfying(
                        ContextureException.class,
                        e -> assertThat(e.kind()).isEqualTo(ContextureException.Kind.RATE_LIMITED));
        assertThat(stopped.getLast().getError()).isInstanceOf(ContextureException.class);
    }

    @Test
    void optionsAreMergedWithOurs() {
        ContextureChatOptions ours = ContextureChatOptions.builder()
                .sessionId("ses_1")
                .seed(1L)
                .sparsity(SparsityMode.TOKENS, 512)
                .toolChoice(ToolChoice.REQUIRED)
                .build();
        ContextureChatOptions merged = ours.mutate()
                .combineWith(ContextureChatOptions.builder().seed(2L).thinking(true))
                .combineWith(ChatOptions.builder().temperature(0.25))
                .build();
        assertThat(merged.getSessionId()).isEqualTo("ses_1");
        assertThat(merged.getSeed()).isEqualTo(2);
        assertThat(merged.getThinking()).isTrue();
        assertThat(merged.getSparsity().budget()).isEqualTo(512);
        assertThat(merged.getToolChoice()).isEqualTo(ToolChoice.REQUIRED);
        assertThat(merged.getTemperature()).isEqualTo(0.25);
        assertThat(merged.mutate().build()).isEqualTo(merged).hasSameHashCodeAs(merged);
    }

    @Test
    void vectorsOverHttp() {
        var model = ContextureEmbeddingModel.of(remote.embeddings());
        assertThat(model.dimensions()).isEqualTo(26);
        assertThat(model.embed("abba"))
                .isEqualTo(
                        ContextureEmbeddingModel.of(LetterEmbeddings.INSTANCE).embed("abba"));
    }
}
