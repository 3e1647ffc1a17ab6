package dev.contexture.provider.autoconfigure;

import dev.contexture.provider.ContextureClient;
import dev.contexture.provider.ContextureMemory;
import dev.contexture.provider.EmbeddedClient;
import dev.contexture.provider.EmbeddedMemory;
import dev.contexture.provider.langchain4j.ContextureChatMemoryStore;
import dev.contexture.provider.langchain4j.ContextureChatModel;
import dev.contexture.provider.langchain4j.ContextureChatRequestParameters;
import dev.contexture.provider.langchain4j.ContextureEmbeddingModel;
import dev.contexture.provider.langchain4j.ContextureStreamingChatModel;
import dev.contexture.provider.langchain4j.ContextureTokenCountEstimator;
import dev.contexture.provider.remote.RemoteContexture;
import dev.contexture.session.InferenceService;
import dev.contexture.session.SessionService;
import dev.contexture.session.embedding.EmbeddingService;
import dev.langchain4j.model.TokenCountEstimator;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.embedding.listener.EmbeddingModelListener;
import dev.langchain4j.model.embedding.request.EmbeddingRequestParameters;
import dev.langchain4j.store.memory.chat.ChatMemoryStore;
import java.util.Optional;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.AnyNestedCondition;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;

/** LangChain4j's models. An application's own beans of the same types come first. */
@AutoConfiguration
@ConditionalOnClass(ChatModel.class)
@EnableConfigurationProperties(LangChain4jContextureProperties.class)
public final class LangChain4jContextureAutoConfiguration {
    private static final String PREFIX = LangChain4jContextureProperties.PREFIX;

    /** What the models are made over; a type of its own, so that the other framework may go another way. */
    record LangChain4jSource(
            ContextureClient chat,
            Optional<EmbeddingService> embeddings,
            Optional<ContextureMemory> memory,
            Runnable end)
            implements AutoCloseable {
        @Override
        public void close() {
            end.run();
        }
    }

    /** Remote, or the process has an embedding model. */
    static final class LangChain4jVectors extends AnyNestedCondition {
        LangChain4jVectors() {
            super(ConfigurationPhase.REGISTER_BEAN);
        }

        @ConditionalOnMode(prefix = PREFIX, mode = ProviderMode.REMOTE)
        static class OverHttp {}

        @ConditionalOnBean(EmbeddingService.class)
        static class Here {}
    }

    @Bean
    @ConditionalOnMode(prefix = PREFIX, mode = ProviderMode.EMBEDDED)
    @ConditionalOnBean(InferenceService.class)
    LangChain4jSource langChain4jContextureEngine(
            InferenceService service,
            ObjectProvider<SessionService> sessions,
            ObjectProvider<EmbeddingService> embeddings) {
        return new LangChain4jSource(
                new EmbeddedClient(service, Optional.ofNullable(sessions.getIfAvailable())),
                Optional.ofNullable(embeddings.getIfAvailable()),
                Optional.ofNullable(sessions.getIfAvailable()).map(EmbeddedMemory::of),
                () -> {});
    }

    @Bean
    @ConditionalOnMode(prefix = PREFIX, mode = ProviderMode.REMOTE)
    LangChain4jSource langChain4jContextureService(LangChain4jContextureProperties properties) {
        RemoteContexture remote = properties.address().open();
        return new LangChain4jSource(
                remote.chat(), Optional.of(remote.embeddings()), Optional.of(remote.memory()), remote::close);
    }

    @Bean
    @ConditionalOnBean(LangChain4jSource.class)
    @ConditionalOnMissingBean(ChatModel.class)
    ContextureChatModel langChain4jContextureChatModel(
            LangChain4jSource source,
            LangChain4jContextureProperties properties,
            ObjectProvider<ChatModelListener> listeners) {
        return ContextureChatModel.builder()
                .client(source.chat)
                .defaultRequestParameters(defaults(properties.chatModel()))
                .listeners(listeners.orderedStream().toList())
                .build();
    }

    @Bean
    @ConditionalOnBean(LangChain4jSource.class)
    @ConditionalOnMissingBean(StreamingChatModel.class)
    ContextureStreamingChatModel langChain4jContextureStreamingChatModel(
            LangChain4jSource source,
            LangChain4jContextureProperties properties,
            ObjectProvider<ChatModelListener> listeners) {
        return ContextureStreamingChatModel.builder()
                .client(source.chat)
                .defaultRequestParameters(defaults(properties.chatModel()))
                .listeners(listeners.orderedStream().toList())
                .build();
    }

    @Bean
    @ConditionalOnBean(LangChain4jSource.class)
    @ConditionalOnMissingBean(TokenCountEstimator.class)
    ContextureTokenCountEstimator langChain4jContextureTokenCountEstimator(LangChain4jSource source) {
        return new ContextureTokenCountEstimator(source.chat);
    }

    private static ContextureChatRequestParameters defaults(LangChain4jContextureProperties.Chat chat) {
        return ContextureChatRequestParameters.builder()
                .temperature(chat.temperature())
                .topK(chat.topK())
                .topP(chat.topP())
                .frequencyPenalty(chat.frequencyPenalty())
                .presencePenalty(chat.presencePenalty())
                .maxOutputTokens(chat.maxTokens())
                .minP(chat.minP())
                .repetitionPenalty(chat.repetitionPenalty())
                .seed(chat.seed())
                .thinking(chat.thinking())
                .sparsityMode(chat.sparsityMode())
                .sparsityBudget(chat.sparsityBudget())
                .build();
    }

    @Bean
    @ConditionalOnBean(LangChain4jSource.class)
    @Conditional(LangChain4jVectors.class)
    @ConditionalOnMissingBean(EmbeddingModel.class)
    ContextureEmbeddingModel langChain4jContextureEmbeddingModel(
            LangChain4jSource source, ObjectProvider<EmbeddingModelListener> listeners) {
        return new ContextureEmbeddingModel(
                source.embeddings.orElseThrow(),
                EmbeddingRequestParameters.EMPTY,
                listeners.orderedStream().toList());
    }

    @Bean
    @ConditionalOnBean(LangChain4jSource.class)
    @ConditionalOnProperty(prefix = PREFIX, name = "memory.enabled", havingValue = "true")
    @ConditionalOnMissingBean(ChatMemoryStore.class)
    ContextureChatMemoryStore langChain4jContextureChatMemoryStore(LangChain4jSource source) {
        return new ContextureChatMemoryStore(source.memory.orElseThrow(() -> EmbeddedMemory.noSessions(PREFIX)));
    }
}
