package dev.contexture.provider.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.contexture.api.ScriptedChat;
import dev.contexture.core.SparsityMode;
import dev.contexture.provider.ContextureClient;
import dev.contexture.provider.EmbeddedClient;
import dev.contexture.provider.remote.RemoteContexture;
import dev.contexture.provider.remote.RemoteSettings;
import dev.contexture.scheduler.QueueFullException;
import dev.contexture.session.dialect.DialectSettings;
import dev.contexture.testing.LetterEmbeddings;
import dev.contexture.testing.ScriptedGenerator;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.InternalServerException;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.ModelNotFoundException;
import dev.langchain4j.exception.RateLimitException;
import dev.langchain4j.model.chat.listener.ChatModelErrorContext;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.listener.ChatModelRequestContext;
import dev.langchain4j.model.chat.listener.ChatModelResponseContext;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.chat.response.PartialResponseContext;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.output.FinishReason;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** LangChain4j's models over the engine of this process and over HTTP. */
class RemoteModelTest {
    private static ScriptedChat server;
    private static RemoteContexture remote;

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
    void forget() {
        generator().forget();
    }

    private static ScriptedGenerator generator() {
        return server.scripted().generator();
    }

    private static ContextureClient client(boolean overHttp) {
        return overHttp ? remote.chat() : EmbeddedClient.of(server.scripted().service());
    }

    private static ChatRequest ask(ChatRequestParameters parameters) {
        return ChatRequest.builder()
                .messages(UserMessage.from("How is it?"))
                .parameters(parameters)
                .build();
    }

    /** Notes what it hears. */
    private static final class Notes implements ChatModelListener {
        private final List<String> heard = Collections.synchronizedList(new ArrayList<>());

        @Override
        public void onRequest(ChatModelRequestContext context) {
            heard.add("request " + context.chatRequest().parameters().temperature());
        }

        @Override
        public void onResponse(ChatModelResponseContext context) {
            heard.add("response " + context.chatResponse().aiMessage().text());
        }

        @Override
        public void onError(ChatModelErrorContext context) {
            heard.add("error " + context.error().getClass().getSimpleName());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void parametersReachTheEngineAndMetadataComesBack(boolean overHttp) {
        Notes notes = new Notes();
        ContextureChatModel model = ContextureChatModel.builder()
                .client(client(overHttp))
                // Of another class, and so without fields for ours.
                .defaultRequestParameters(ChatRequestParameters.builder()
                        .temperature(0.5)
                        .maxOutputTokens(9)
                        .build())
                .listeners(List.of(notes))
                .build();
        generator().willAnswer("<think>\n\n</think>\n\nFine.", 4);
        ChatResponse response = model.chat(ask(ContextureChatRequestParameters.builder()
                .seed(7L)
                .minP(0.1)
                .repetitionPenalty(1.2)
                .thinking(false)
                .sparsityMode(SparsityMode.DENSE)
                .maxOutputTokens(100)
                .build()));
        var sampling = generator().lastRequest().sampling();
        assertThat(sampling.temperature()).isEqualTo(0.5f);
        assertThat(sampling.minP()).isEqualTo(0.1f);
        assertThat(sampling.repetitionPenalty()).isEqualTo(1.2f);
        assertThat(sampling.seed()).isEqualTo(7);
        assertThat(generator().lastRequest().maxTokens()).isEqualTo(100);
        assertThat(generator().lastPrompt()).endsWith("<think>\n\n</think>\n\n");
        assertThat(response.metadata()).isInstanceOfSatisfying(ContextureChatResponseMetadata.class, metadata -> {
            assertThat(metadata.id()).startsWith("chatcmpl-");
            assertThat(metadata.modelName()).isEqualTo("scripted");
            assertThat(metadata.finishReason()).isEqualTo(FinishReason.STOP);
            assertThat(metadata.tokenUsage().cachedInputTokenCount()).isEqualTo(4);
            assertThat(metadata.sparsity().mode()).isEqualTo(SparsityMode.DENSE);
            assertThat(metadata.restore()).isEmpty();
            assertThat(metadata.toBuilder().build()).isEqualTo(metadata).hasSameHashCodeAs(metadata);
        });
        assertThat(notes.heard)
                .containsExactly(
                        "request 0.5", "response " + response.aiMessage().text());
    }

    @Test
    void parametersAreMerged() {
        var first = ContextureChatRequestParameters.builder()
                .sessionId("ses_1")
                .seed(1L)
                .sparsityBudget(512)
                .build();
        var second = ContextureChatRequestParameters.builder()
                .seed(2L)
                .sparsitySink(4)
                .topK(3)
                .build();
        ContextureChatRequestParameters both = first.overrideWith(second);
        assertThat(both.sessionId()).isEqualTo("ses_1");
        assertThat(both.seed()).isEqualTo(2);
        assertThat(both.topK()).isEqualTo(3);
        assertThat(both.sparsity().budget()).isEqualTo(512);
        assertThat(both.sparsity().sink()).isEqualTo(4);
        assertThat(second.defaultedBy(first)).isEqualTo(both).hasSameHashCodeAs(both);
        assertThat(first).isNotEqualTo(both);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void errorsAreOfTheirKind(boolean overHttp) {
        Notes notes = new Notes();
        var model = new ContextureChatModel(
                client(overHttp), ChatRequestParameters.builder().build(), List.of(notes));
        generator().willRefuse(new QueueFullException("full", Duration.ofMinutes(5)));
        assertThatThrownBy(() -> model.chat("Hi")).isInstanceOf(RateLimitException.class);
        generator().willRefuse(new IllegalStateException("a fault"));
        assertThatThrownBy(() -> model.chat("Hi")).isInstanceOf(InternalServerException.class);
        assertThatThrownBy(() -> model.chat(
                        ask(ContextureChatRequestParameters.builder().minP(2.0).build())))
                .isInstanceOf(InvalidRequestException.class)
                .hasMessageContaining("min_p");
        assertThatThrownBy(() -> model.chat(
                        ask(ChatRequestParameters.builder().modelName("other").build())))
                .isInstanceOf(ModelNotFoundException.class);
        assertThatThrownBy(() -> model.chat(ask(ContextureChatRequestParameters.builder()
                        .sessionId("ses_000000000000000000000000")
                        .build())))
                .isInstanceOf(InvalidRequestException.class);
        assertThat(notes.heard.stream().filter(text -> text.startsWith("error")))
                .containsExactly(
                        "error RateLimitException",
                        "error InternalServerException",
                        "error InvalidRequestException",
                        "error ModelNotFoundException",
                        "error InvalidRequestException");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theHandleCancels(boolean overHttp) throws Exception {
        int before = generator().cancels();
        generator().willGoOnBehind("Once upon a time");
        CountDownLatch cancelled = new CountDownLatch(1);
        List<String> after = Collections.synchronizedList(new ArrayList<>());
        ContextureStreamingChatModel.of(client(overHttp)).chat("Tell", new StreamingChatResponseHandler() {
            @Override
            public void onPartialResponse(PartialResponse partial, PartialResponseContext context) {
                if (context.streamingHandle().isCancelled()) {
                    after.add(partial.text());
                }
                context.streamingHandle().cancel();
                cancelled.countDown();
            }

            @Override
            public void onCompleteResponse(ChatResponse response) {
                after.add("complete");
            }

            @Override
            public void onError(Throwable error) {
                after.add("error " + error);
            }
        });
        assertThat(cancelled.await(10, TimeUnit.SECONDS)).isTrue();
        for (int i = 0; i < 500 && generator().cancels() == before; i++) {
            Thread.sleep(10);
        }
        assertThat(generator().cancels()).isEqualTo(before + 1);
        assertThat(after).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void futuresCancelToo(boolean overHttp) throws Exception {
        int before = generator().cancels();
        generator().willGoOnBehind("Once");
        CompletableFuture<ChatResponse> future = ContextureChatModel.of(client(overHttp))
                .doChatAsync(ask(ChatRequestParameters.builder().build()));
        for (int i = 0; i < 500 && generator().left() > 0; i++) {
            Thread.sleep(10);
        }
        future.cancel(true);
        for (int i = 0; i < 500 && generator().cancels() == before; i++) {
            Thread.sleep(10);
        }
        assertThat(generator().cancels()).isEqualTo(before + 1);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void tokensAreCounted(boolean overHttp) {
        var estimator = new ContextureTokenCountEstimator(client(overHttp));
        assertThat(estimator.estimateTokenCountInText("Åbo")).isEqualTo(4);
        assertThat(estimator.estimateTokenCountInText("")).isZero();
        assertThat(estimator.estimateTokenCountInMessages(List.of())).isZero();
        List<dev.langchain4j.data.message.ChatMessage> messages = List.of(
                SystemMessage.from("Be brief."),
                UserMessage.from("Hi"),
                AiMessage.from("Hello"),
                UserMessage.from("?"));
        int all = estimator.estimateTokenCountInMessages(messages);
        generator().willAnswer("Fine.");
        ChatResponse response = ContextureChatModel.of(client(overHttp)).chat(messages);
        assertThat(all).isEqualTo(response.tokenUsage().inputTokenCount());
        assertThat(messages)
                .allSatisfy(message -> assertThat(estimator.estimateTokenCountInMessage(message))
                        .isPositive()
                        .isLessThan(all));
    }

    @Test
    void vectorsOverHttp() {
        var model = ContextureEmbeddingModel.of(remote.embeddings());
        assertThat(model.dimension()).isEqualTo(26);
        assertThat(model.modelName()).isEqualTo(LetterEmbeddings.MODEL);
        assertThat(model.embed("abba").content().vector())
                .isEqualTo(ContextureEmbeddingModel.of(LetterEmbeddings.INSTANCE)
                        .embed("abba")
                        .content()
                        .vector());
        assertThatThrownBy(() -> model.embed("x".repeat(41))).isInstanceOf(InvalidRequestException.class);
    }

    @Test
    void aBuilderNeedsAClient() {
        assertThatThrownBy(() -> ContextureStreamingChatModel.builder().build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("client");
    }
}
