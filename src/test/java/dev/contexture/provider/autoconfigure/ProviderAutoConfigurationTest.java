package dev.contexture.provider.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.contexture.api.ScriptedChat;
import dev.contexture.provider.ChatCall;
import dev.contexture.provider.ContextureException;
import dev.contexture.provider.langchain4j.ContextureChatModel;
import dev.contexture.provider.langchain4j.ContextureChatRequestParameters;
import dev.contexture.provider.langchain4j.ContextureStreamingChatModel;
import dev.contexture.provider.springai.ContextureChatMemoryRepository;
import dev.contexture.security.Tenant;
import dev.contexture.session.InferenceService;
import dev.contexture.session.SessionService;
import dev.contexture.session.dialect.DialectSettings;
import dev.contexture.session.embedding.EmbeddingService;
import dev.contexture.testing.LetterEmbeddings;
import dev.langchain4j.model.TokenCountEstimator;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.listener.ChatModelRequestContext;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.store.memory.chat.ChatMemoryStore;
import dev.langchain4j.store.memory.chat.InMemoryChatMemoryStore;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.springframework.ai.chat.memory.ChatMemoryRepository;
import org.springframework.ai.chat.memory.InMemoryChatMemoryRepository;
import org.springframework.ai.chat.messages.UserMessage;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.context.annotation.ImportCandidates;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

class ProviderAutoConfigurationTest {
    private static ScriptedChat server;

    private final ApplicationContextRunner runner = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(
                    LangChain4jContextureAutoConfiguration.class, SpringAiContextureAutoConfiguration.class));

    @BeforeAll
    static void start() {
        server = new ScriptedChat("qwen3", DialectSettings.AUTO);
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private ApplicationContextRunner withEngine() {
        return runner.withBean(InferenceService.class, () -> server.scripted().service());
    }

    private ApplicationContextRunner remote() {
        return runner.withPropertyValues(
                "langchain4j.contexture.mode=remote",
                "langchain4j.contexture.base-url=" + server.url(),
                "spring.ai.contexture.mode=remote",
                "spring.ai.contexture.base-url=" + server.url());
    }

    @Test
    void bothAreRegistered() {
        assertThat(ImportCandidates.load(
                        org.springframework.boot.autoconfigure.AutoConfiguration.class,
                        getClass().getClassLoader()))
                .contains(
                        LangChain4jContextureAutoConfiguration.class.getName(),
                        SpringAiContextureAutoConfiguration.class.getName());
    }

    @Test
    void nothingWithoutAnEngineOrAnAddress() {
        runner.run(context -> assertThat(context)
                .hasNotFailed()
                .doesNotHaveBean(ChatModel.class)
                .doesNotHaveBean(StreamingChatModel.class)
                .doesNotHaveBean(EmbeddingModel.class)
                .doesNotHaveBean(TokenCountEstimator.class)
                .doesNotHaveBean(org.springframework.ai.chat.model.ChatModel.class)
                .doesNotHaveBean(org.springframework.ai.embedding.EmbeddingModel.class));
    }

    @Test
    void embedded() {
        withEngine().run(context -> {
            assertThat(context)
                    .hasSingleBean(ContextureStreamingChatModel.class)
                    .hasSingleBean(TokenCountEstimator.class)
                    .doesNotHaveBean(EmbeddingModel.class)
                    .doesNotHaveBean(org.springframework.ai.embedding.EmbeddingModel.class);
            server.scripted().generator().willAnswer("Fine.");
            assertThat(context.getBean(ChatModel.class).chat("How is it?")).isEqualTo("Fine.");
            server.scripted().generator().willAnswer("Fine.");
            assertThat(context.getBean(org.springframework.ai.chat.model.ChatModel.class)
                            .call("How is it?"))
                    .isEqualTo("Fine.");
        });
        withEngine()
                .withBean(EmbeddingService.class, () -> LetterEmbeddings.INSTANCE)
                .run(context -> assertThat(context.getBean(EmbeddingModel.class)
                                .embed("abba")
                                .content()
                                .vector())
                        .isEqualTo(context.getBean(org.springframework.ai.embedding.EmbeddingModel.class)
                                .embed("abba")));
    }

    /** The same beans, and no engine in the process. */
    @Test
    void theSwitch() {
        remote().withPropertyValues(
                        "langchain4j.contexture.chat-model.temperature=0.25",
                        "langchain4j.contexture.chat-model.sparsity-mode=dense",
                        "spring.ai.contexture.chat.seed=9")
                .run(context -> {
                    server.scripted().generator().willAnswer("Fine.");
                    assertThat(context.getBean(ChatModel.class).chat("How is it?"))
                            .isEqualTo("Fine.");
                    assertThat(server.scripted()
                                    .generator()
                                    .lastRequest()
                                    .sampling()
                                    .temperature())
                            .isEqualTo(0.25f);
                    server.scripted().generator().willAnswer("Fine.");
                    assertThat(context.getBean(org.springframework.ai.chat.model.ChatModel.class)
                                    .call("How is it?"))
                            .isEqualTo("Fine.");
                    assertThat(server.scripted()
                                    .generator()
                                    .lastRequest()
                                    .sampling()
                                    .seed())
                            .isEqualTo(9);
                    assertThat(context.getBean(EmbeddingModel.class).dimension())
                            .isEqualTo(26);
                    assertThat(context.getBean(org.springframework.ai.embedding.EmbeddingModel.class)
                                    .embed("abba"))
                            .hasSize(26);
                    assertThat(context.getBean(TokenCountEstimator.class).estimateTokenCountInText("Åbo"))
                            .isEqualTo(4);
                });
    }

    @Test
    void listenersAreTheContexts() {
        AtomicInteger heard = new AtomicInteger();
        withEngine()
                .withBean(ChatModelListener.class, () -> new ChatModelListener() {
                    @Override
                    public void onRequest(ChatModelRequestContext request) {
                        heard.incrementAndGet();
                    }
                })
                .run(context -> {
                    server.scripted().generator().willAnswer("Fine.");
                    context.getBean(ChatModel.class).chat("How is it?");
                    assertThat(heard).hasValue(1);
                });
    }

    @Test
    void badValuesStopTheStart() {
        runner.withPropertyValues("langchain4j.contexture.mode=remote")
                .run(context -> assertThat(context)
                        .getFailure()
                        .hasStackTraceContaining("langchain4j.contexture.base-url must be set"));
        runner.withPropertyValues("spring.ai.contexture.mode=remote", "spring.ai.contexture.base-url=localhost:8080")
                .run(context -> assertThat(context)
                        .getFailure()
                        .hasStackTraceContaining("spring.ai.contexture: base-url must be like"));
        remote().withPropertyValues("langchain4j.contexture.max-retries=11")
                .run(context -> assertThat(context)
                        .getFailure()
                        .hasStackTraceContaining("max-retries must be 0 to 10 but is 11"));
        withEngine()
                .withPropertyValues("langchain4j.contexture.mode=nearby")
                .run(context -> assertThat(context).getFailure().hasStackTraceContaining("nearby"));
    }

    @Test
    void othersComeFirst() {
        ChatModel own = ContextureChatModel.of(server.scripted().service());
        withEngine()
                .withBean("own", ChatModel.class, () -> own)
                .run(context -> assertThat(context.getBean(ChatModel.class)).isSameAs(own));
        withEngine()
                .withPropertyValues("spring.ai.model.chat=other")
                .run(context -> assertThat(context)
                        .hasSingleBean(ChatModel.class)
                        .doesNotHaveBean(org.springframework.ai.chat.model.ChatModel.class));
    }

    @Test
    void eachFrameworkByItself() {
        withEngine()
                .withClassLoader(new FilteredClassLoader("dev.langchain4j"))
                .run(context -> assertThat(context)
                        .hasNotFailed()
                        .hasSingleBean(org.springframework.ai.chat.model.ChatModel.class));
        withEngine()
                .withClassLoader(new FilteredClassLoader("org.springframework.ai"))
                .run(context -> assertThat(context).hasNotFailed().hasSingleBean(ChatModel.class));
    }

    @Test
    void defaultsAreOurs() {
        withEngine()
                .run(context -> assertThat(
                                context.getBean(ContextureChatModel.class).defaultRequestParameters())
                        .isEqualTo(ContextureChatRequestParameters.EMPTY));
    }

    /** For editors: every property has a description. */
    @Test
    void metadataIsMade() throws Exception {
        try (InputStream in = getClass().getResourceAsStream("/META-INF/spring-configuration-metadata.json")) {
            String metadata = new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
            for (String name : List.of(
                    "langchain4j.contexture.mode",
                    "langchain4j.contexture.chat-model.min-p",
                    "langchain4j.contexture.memory.enabled",
                    "spring.ai.contexture.base-url",
                    "spring.ai.contexture.chat.sparsity-budget")) {
                assertThat(metadata).contains("\"name\": \"" + name + "\"");
            }
        }
    }

    private static final String MEMORY = "spring.ai.contexture.memory.";

    private ApplicationContextRunner withMemory(ApplicationContextRunner of) {
        return of.withConfiguration(AutoConfigurations.of(ContextureChatMemoryAutoConfiguration.class))
                .withPropertyValues(MEMORY + "enabled=true");
    }

    @Test
    void memoryIsInSessions() {
        withMemory(withEngine())
                .withBean(SessionService.class, server::sessions)
                .run(context -> assertThat(context)
                        .hasNotFailed()
                        .getBean(ChatMemoryRepository.class)
                        .isInstanceOf(ContextureChatMemoryRepository.class));
        withMemory(withEngine())
                .withBean(SessionService.class, server::sessions)
                .withPropertyValues(MEMORY + "enabled=false")
                .run(context -> assertThat(context).doesNotHaveBean(ChatMemoryRepository.class));
        withMemory(withEngine())
                .withBean(SessionService.class, server::sessions)
                .withBean(ChatMemoryRepository.class, InMemoryChatMemoryRepository::new)
                .run(context -> assertThat(context)
                        .getBean(ChatMemoryRepository.class)
                        .isInstanceOf(InMemoryChatMemoryRepository.class));
    }

    @Test
    void memoryWithoutSessionsStopsTheStart() {
        withMemory(withEngine())
                .run(context -> assertThat(context)
                        .getFailure()
                        .rootCause()
                        .hasMessageContaining("spring.ai.contexture.memory.enabled is true")
                        .hasMessageContaining("no SessionService"));
        withMemory(withEngine())
                .withBean(ChatMemoryRepository.class, InMemoryChatMemoryRepository::new)
                .run(context -> assertThat(context).hasNotFailed());
    }

    @Test
    void remoteMemoryNeedsTheAddressAlone() {
        withMemory(remote()).run(context -> {
            ChatMemoryRepository memory = context.getBean(ChatMemoryRepository.class);
            memory.saveAll("alice", List.of(new UserMessage("One?")));
            assertThat(server.sessions()
                            .conversations()
                            .names(Tenant.LOCAL)
                            .collectList()
                            .block())
                    .containsExactly("alice");
            memory.deleteByConversationId("alice");
            assertThat(memory.findConversationIds()).isEmpty();
        });
        withMemory(remote())
                .withBean(ChatMemoryRepository.class, InMemoryChatMemoryRepository::new)
                .run(context -> assertThat(context)
                        .getBean(ChatMemoryRepository.class)
                        .isInstanceOf(InMemoryChatMemoryRepository.class));
    }

    @Test
    void langChain4jsMemoryIsInSessions() {
        String enabled = "langchain4j.contexture.memory.enabled=true";
        withEngine()
                .withBean(SessionService.class, server::sessions)
                .run(context -> assertThat(context).doesNotHaveBean(ChatMemoryStore.class));
        withEngine()
                .withPropertyValues(enabled)
                .run(context -> assertThat(context)
                        .getFailure()
                        .rootCause()
                        .hasMessageContaining("langchain4j.contexture.memory.enabled is true")
                        .hasMessageContaining("no SessionService"));
        withEngine()
                .withPropertyValues(enabled)
                .withBean(ChatMemoryStore.class, InMemoryChatMemoryStore::new)
                .run(context -> assertThat(context).hasNotFailed());
        withEngine()
                .withBean(SessionService.class, server::sessions)
                .withPropertyValues(enabled)
                .run(context -> keeps(context.getBean(ChatMemoryStore.class), ChatCall.TENANT));
        remote().withPropertyValues(enabled)
                .run(context -> keeps(context.getBean(ChatMemoryStore.class), Tenant.LOCAL));
        remote().withPropertyValues(enabled)
                .withBean(ChatMemoryStore.class, InMemoryChatMemoryStore::new)
                .run(context ->
                        assertThat(context).getBean(ChatMemoryStore.class).isInstanceOf(InMemoryChatMemoryStore.class));
    }

    private static void keeps(ChatMemoryStore store, String tenant) {
        store.updateMessages(7, List.of(dev.langchain4j.data.message.UserMessage.from("One?")));
        assertThat(server.sessions().conversations().names(tenant).collectList().block())
                .containsExactly("7");
        store.deleteMessages(7);
    }

    @Test
    void remoteMemoryOpensTheServicesRedisWithItsSecret() {
        withMemory(remote())
                .withPropertyValues(MEMORY + "tenant-secret=" + "A".repeat(43) + "=")
                .run(context -> assertThat(context)
                        .getFailure()
                        .rootCause()
                        .hasMessageContaining(MEMORY + "redis-url must be set"));
        ApplicationContextRunner addressed =
                withMemory(remote()).withPropertyValues(MEMORY + "redis-url=redis://localhost:1");
        addressed.run(context -> assertThat(context)
                .getFailure()
                .rootCause()
                .hasMessageContaining(MEMORY + "tenant-secret must be set"));
        addressed
                .withPropertyValues(MEMORY + "tenant-secret=c2hvcnQ=")
                .run(context -> assertThat(context).getFailure().rootCause().hasMessageContaining("at least 32 bytes"));
        addressed
                .withPropertyValues(MEMORY + "tenant-secret=" + "A".repeat(43) + "=")
                .run(context -> {
                    assertThat(context)
                            .hasNotFailed()
                            .getBean(ChatMemoryRepository.class)
                            .isInstanceOf(ContextureChatMemoryRepository.class);
                    // Nothing listens there: it is Redis that is asked, not the service.
                    assertThatThrownBy(() ->
                                    context.getBean(ChatMemoryRepository.class).findConversationIds())
                            .isInstanceOfSatisfying(
                                    ContextureException.class,
                                    e -> assertThat(e.kind()).isEqualTo(ContextureException.Kind.UNAVAILABLE));
                });
    }
}
