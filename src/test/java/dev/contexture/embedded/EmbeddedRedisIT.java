package dev.contexture.embedded;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.provider.springai.ContextureChatMemoryRepository;
import dev.contexture.provider.springai.ContextureChatModel;
import dev.contexture.provider.springai.ContextureChatOptions;
import dev.contexture.scheduler.RestoreReport;
import dev.contexture.testing.DefaultModel;
import dev.contexture.testing.TestRedis;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.ai.chat.client.ChatClient;
import org.springframework.ai.chat.client.advisor.MessageChatMemoryAdvisor;
import org.springframework.ai.chat.memory.ChatMemory;
import org.springframework.ai.chat.memory.MessageWindowChatMemory;
import org.springframework.ai.chat.model.ChatResponse;

/** An application whose conversations outlive its engine: what was said, and what was computed of it. */
class EmbeddedRedisIT {
    private static final String SECRET = "A".repeat(43) + "=";
    /** Long enough that loading is quicker than computing. */
    private static final String STORY =
            "The harbour master wrote down every ship, its cargo and its captain. ".repeat(120);

    @TempDir
    Path data;

    private Map<String, Object> settings(TestRedis redis) {
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("contexture.model.id", DefaultModel.path().toString());
        settings.put("contexture.data-dir", data.toString());
        settings.put("contexture.kv.device-bytes", "256MB");
        settings.put("contexture.kv.partial-restore-tokens", 0);
        settings.put("contexture.embedding.model", "none");
        settings.put("contexture.redis.url", redis.url());
        settings.put("contexture.security.tenant-secret", SECRET);
        settings.put("contexture.security.master-keys.1", SECRET);
        return settings;
    }

    private static ChatResponse ask(EmbeddedContexture contexture, String question) {
        ContextureChatMemoryRepository repository = new ContextureChatMemoryRepository(contexture.memory());
        ChatMemory memory = MessageWindowChatMemory.builder()
                .chatMemoryRepository(repository)
                .maxMessages(100)
                .build();
        return Objects.requireNonNull(ChatClient.builder(ContextureChatModel.of(contexture.client()))
                .defaultAdvisors(MessageChatMemoryAdvisor.builder(memory).build())
                .build()
                .prompt()
                .user(question)
                .advisors(advisor -> advisor.param(ChatMemory.CONVERSATION_ID, "harbour"))
                .options(ContextureChatOptions.builder()
                        .sessionId(ContextureChatMemoryRepository.sessionId("harbour"))
                        .temperature(0.0)
                        .maxTokens(12))
                .call()
                .chatResponse());
    }

    @Test
    void aConversationGoesOnInAnotherProcess() throws Exception {
        try (TestRedis redis = TestRedis.start()) {
            int tokens;
            try (EmbeddedContexture contexture = EmbeddedContexture.open(settings(redis))) {
                tokens = ask(contexture, STORY).getMetadata().getUsage().getPromptTokens();
            }
            try (EmbeddedContexture contexture = EmbeddedContexture.open(settings(redis))) {
                ContextureChatMemoryRepository repository = new ContextureChatMemoryRepository(contexture.memory());
                assertThat(repository.findByConversationId("harbour")).hasSize(2);
                ChatResponse answer = ask(contexture, "Who wrote down every ship?");
                assertThat(repository.findByConversationId("harbour")).hasSize(4);
                RestoreReport restore = answer.getMetadata().get(ContextureChatModel.RESTORE);
                assertThat(Objects.requireNonNull(restore).remoteTokens())
                        .as(restore.toString())
                        .isGreaterThan(tokens / 2);
                assertThat(answer.getMetadata().getUsage().getCacheReadInputTokens())
                        .isEqualTo(restore.remoteTokens() + restore.hostTokens());
            }
        }
    }
}
