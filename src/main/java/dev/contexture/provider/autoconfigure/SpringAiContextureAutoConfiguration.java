package dev.contexture.provider.autoconfigure;

import dev.contexture.core.SparsityOverrides;
import dev.contexture.provider.ContextureClient;
import dev.contexture.provider.ContextureMemory;
import dev.contexture.provider.EmbeddedClient;
import dev.contexture.provider.EmbeddedMemory;
import dev.contexture.provider.remote.RemoteContexture;
import dev.contexture.provider.springai.ContextureChatModel;
import dev.contexture.provider.springai.ContextureChatOptions;
import dev.contexture.provider.springai.ContextureEmbeddingModel;
import dev.contexture.session.InferenceService;
import dev.contexture.session.SessionService;
import dev.contexture.session.embedding.EmbeddingService;
import io.micrometer.observation.ObservationRegistry;
import java.util.Optional;
import org.springframework.ai.chat.model.ChatModel;
import org.springframework.ai.chat.observation.ChatModelObservationConvention;
import org.springframework.ai.embedding.EmbeddingModel;
import org.springframework.ai.embedding.EmbeddingOptions;
import org.springframework.ai.embedding.observation.EmbeddingModelObservationConvention;
import org.springframework.ai.model.tool.ToolCallingManager;
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

/** Spring AI's models, unless {@code spring.ai.model.chat} or {@code .embedding} names another provider. */
@AutoConfiguration
@ConditionalOnClass(ChatModel.class)
@EnableConfigurationProperties(SpringAiContextureProperties.class)
public final class SpringAiContextureAutoConfiguration {
    private static final String PREFIX = SpringAiContextureProperties.PREFIX;
    private static final String NAME = "contexture";

    /** What the models are made over; a type of its own, so that the other framework may go another way. */
    record SpringAiSource(
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
    static final class SpringAiVectors extends AnyNestedCondition {
        SpringAiVectors() {
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
    SpringAiSource springAiContextureEngine(
            InferenceService service,
            ObjectProvider<SessionService> sessions,
            ObjectProvider<EmbeddingService> embeddings) {
        return new SpringAiSource(
                new EmbeddedClient(service, Optional.ofNullable(sessions.getIfAvailable())),
                Optional.ofNullable(embeddings.getIfAvailable()),
                Optional.ofNullable(sessions.getIfAvailable()).map(EmbeddedMemory::of),
                () -> {});
    }

    @Bean
    @ConditionalOnMode(prefix = PREFIX, mode = ProviderMode.REMOTE)
    SpringAiSource springAiContextureService(SpringAiContextureProperties properties) {
        RemoteContexture remote = properties.address().open();
        return new SpringAiSource(
                remote.chat(), Optional.of(remote.embeddings()), Optional.of(remote.memory()), remote::close);
    }

    @Bean
    @ConditionalOnBean(SpringAiSource.class)
    @ConditionalOnProperty(name = "spring.ai.model.chat", havingValue = NAME, matchIfMissing = true)
    @ConditionalOnMissingBean
    ContextureChatModel springAiContextureChatModel(
            SpringAiSource source,
            SpringAiContextureProperties properties,
            ObjectProvider<ToolCallingManager> toolCalling,
            ObjectProvider<ObservationRegistry> observations,
            ObjectProvider<ChatModelObservationConvention> convention) {
        ContextureChatModel model = new ContextureChatModel(
                source.chat,
                options(properties.chat()),
                toolCalling.getIfAvailable(() -> ToolCallingManager.builder().build()),
                observations.getIfAvailable(() -> ObservationRegistry.NOOP));
        convention.ifAvailable(model::setObservationConvention);
        return model;
    }

    private static ContextureChatOptions options(SpringAiContextureProperties.Chat chat) {
        return ContextureChatOptions.builder()
                .temperature(chat.temperature())
                .topK(chat.topK())
                .topP(chat.topP())
                .frequencyPenalty(chat.frequencyPenalty())
                .presencePenalty(chat.presencePenalty())
                .maxTokens(chat.maxTokens())
                .minP(chat.minP())
                .repetitionPenalty(chat.repetitionPenalty())
                .seed(chat.seed())
                .thinking(chat.thinking())
                .sparsity(new SparsityOverrides(chat.sparsityMode(), chat.sparsityBudget(), null, null))
                .build();
    }

    @Bean
    @ConditionalOnBean(SpringAiSource.class)
    @ConditionalOnProperty(name = "spring.ai.model.embedding", havingValue = NAME, matchIfMissing = true)
    @Conditional(SpringAiVectors.class)
    @ConditionalOnMissingBean(EmbeddingModel.class)
    ContextureEmbeddingModel springAiContextureEmbeddingModel(
            SpringAiSource source,
            ObjectProvider<ObservationRegistry> observations,
            ObjectProvider<EmbeddingModelObservationConvention> convention) {
        ContextureEmbeddingModel model = new ContextureEmbeddingModel(
                source.embeddings.orElseThrow(),
                EmbeddingOptions.builder().build(),
                observations.getIfAvailable(() -> ObservationRegistry.NOOP));
        convention.ifAvailable(model::setObservationConvention);
        return model;
    }
}
