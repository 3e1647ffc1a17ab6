package dev.contexture.provider.springai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.contexture.api.ScriptedChat;
import dev.contexture.provider.ChatCall;
import dev.contexture.provider.ContextureClient;
import dev.contexture.provider.ContextureException;
import dev.contexture.provider.ContextureException.Kind;
import dev.contexture.provider.EmbeddedClient;
import dev.contexture.provider.EmbeddedMemory;
import dev.contexture.provider.remote.RemoteContexture;
import dev.contexture.provider.remote.RemoteSettings;
import dev.contexture.security.Tenant;
import dev.contexture.session.Session;
import dev.contexture.session.dialect.DialectSettings;
import dev.contexture.testing.ScriptedGenerator;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.ai.chat.client.ChatClient;
import org.springframework.ai.chat.client.advisor.MessageChatMemoryAdvisor;
import org.springframework.ai.chat.memory.ChatMemory;
import org.springframework.ai.chat.memory.MessageWindowChatMemory;
import org.springframework.ai.chat.messages.AssistantMessage;
import org.springframework.ai.chat.messages.Message;
import org.springframework.ai.chat.messages.SystemMessage;
import org.springframework.ai.chat.messages.ToolResponseMessage;
import org.springframework.ai.chat.messages.UserMessage;
import org.springframework.ai.tool.annotation.Tool;

/** Spring AI's memory advisor over conversations that are sessions, of this process and over HTTP. */
class ChatMemoryTest {
    /** Where the engine is, and who reads its conversations. */
    private enum Way {
        EMBEDDED,
        /** All by the service. */
        HTTP,
        /** The model by the service, the conversations by the application, out of the same store. */
        SHARED
    }

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
    void begin() {
        generator().forget();
        for (Way way : Way.values()) {
            ContextureChatMemoryRepository memory = memory(way);
            memory.findConversationIds().forEach(memory::deleteByConversationId);
        }
    }

    private static ScriptedGenerator generator() {
        return server.scripted().generator();
    }

    private static String tenant(Way way) {
        return way == Way.EMBEDDED ? ChatCall.TENANT : Tenant.LOCAL;
    }

    private static ContextureChatMemoryRepository memory(Way way) {
        return new ContextureChatMemoryRepository(
                way == Way.HTTP
                        ? remote.memory()
                        : new EmbeddedMemory(server.sessions().conversations(), tenant(way)));
    }

    private static ChatClient client(Way way, int window) {
        ContextureClient client = way == Way.EMBEDDED
                ? new EmbeddedClient(server.scripted().service(), Optional.of(server.sessions()))
                : remote.chat();
        ChatMemory memory = MessageWindowChatMemory.builder()
                .chatMemoryRepository(memory(way))
                .maxMessages(window)
                .build();
        return ChatClient.builder(ContextureChatModel.of(client))
                .defaultSystem("You are brief.")
                .defaultAdvisors(MessageChatMemoryAdvisor.builder(memory).build())
                .build();
    }

    private static ChatClient.ChatClientRequestSpec turn(Way way, String question) {
        return turn(way, question, 100);
    }

    private static ChatClient.ChatClientRequestSpec turn(Way way, String question, int window) {
        return client(way, window)
                .prompt()
                .user(question)
                .advisors(advisor -> advisor.param(ChatMemory.CONVERSATION_ID, "alice"))
                .options(ContextureChatOptions.builder().sessionId(ContextureChatMemoryRepository.sessionId("alice")));
    }

    private static Session session(Way way) {
        return Objects.requireNonNull(server.sessions()
                .sessions()
                .find(tenant(way), ContextureChatMemoryRepository.sessionId("alice"))
                .block());
    }

    private static List<String> said(List<Message> messages) {
        return messages.stream()
                .map(message -> message.getMessageType().getValue() + " " + message.getText())
                .toList();
    }

    @ParameterizedTest
    @EnumSource
    void memoryAndSessionAreOne(Way way) {
        generator().willAnswer("Paris.");
        assertThat(turn(way, "The capital of France?").call().content()).isEqualTo("Paris.");
        generator().willAnswer("Two million.");
        assertThat(turn(way, "How many live there?").stream()
                        .content()
                        .collectList()
                        .map(parts -> String.join("", parts))
                        .block(Duration.ofSeconds(20)))
                .isEqualTo("Two million.");
        ContextureChatMemoryRepository memory = memory(way);
        assertThat(said(memory.findByConversationId("alice")))
                .containsExactly(
                        "user The capital of France?",
                        "assistant Paris.",
                        "user How many live there?",
                        "assistant Two million.");
        assertThat(memory.findConversationIds()).containsExactly("alice");
        Session session = session(way);
        assertThat(session.turns()).isEqualTo(2);
        assertThat(session.messages()).hasSize(5);
        // The second turn read everything once, and went on from the tokens of the first.
        assertThat(generator().lastPrompt())
                .containsOnlyOnce("You are brief.")
                .containsOnlyOnce("The capital of France?")
                .containsOnlyOnce("Paris.")
                .containsOnlyOnce("How many live there?");
        assertThat(session.tokenCount()).isEqualTo(generator().lastPrompt().length() + "Two million.".length());
        memory.deleteByConversationId("alice");
        assertThat(memory.findByConversationId("alice")).isEmpty();
        assertThat(memory.findConversationIds()).isEmpty();
    }

    /** Tells the weather. */
    static final class Weather {
        @Tool(description = "Weather now")
        public String weather(String city) {
            return "Rain in " + city;
        }
    }

    @ParameterizedTest
    @EnumSource
    void callsAreRemembered(Way way) {
        generator()
                .willAnswer("<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Turku\"}}\n</tool_call>");
        generator().willAnswer("It rains.");
        assertThat(turn(way, "How is it in Turku?").tools(new Weather()).call().content())
                .isEqualTo("It rains.");
        List<Message> messages = memory(way).findByConversationId("alice");
        assertThat(said(messages).getFirst()).isEqualTo("user How is it in Turku?");
        assertThat(said(messages).getLast()).isEqualTo("assistant It rains.");
        assertThat(messages).hasSize(4);
        AssistantMessage.ToolCall call =
                ((AssistantMessage) messages.get(1)).getToolCalls().getFirst();
        assertThat(call.name()).isEqualTo("weather");
        assertThat(call.arguments()).isEqualTo("{\"city\":\"Turku\"}");
        ToolResponseMessage.ToolResponse result =
                ((ToolResponseMessage) messages.get(2)).getResponses().getFirst();
        assertThat(result.name()).isEqualTo("weather");
        assertThat(result.id()).isEqualTo(call.id());
        assertThat(result.responseData()).contains("Rain in Turku");
    }

    @ParameterizedTest
    @EnumSource
    void aWindowKeepsEachAnswerOnce(Way way) {
        for (int i = 1; i <= 5; i++) {
            generator().willAnswer("Answer " + i + ".");
            turn(way, "Question " + i + "?", 4).call().content();
        }
        List<String> kept = said(memory(way).findByConversationId("alice"));
        assertThat(kept).doesNotHaveDuplicates().hasSizeLessThanOrEqualTo(5);
        assertThat(kept.getLast()).isEqualTo("assistant Answer 5.");
        assertThat(generator().lastPrompt()).containsOnlyOnce("Answer 4.");
    }

    /** A failed turn leaves the question, as Spring AI's own stores do. */
    @Test
    void aQuestionWithoutAnAnswerStays() {
        generator().willRefuse(new IllegalStateException("out of order"));
        try {
            turn(Way.EMBEDDED, "One?").call().content();
        } catch (RuntimeException expected) {
            assertThat(expected).hasMessageContaining("out of order");
        }
        assertThat(said(memory(Way.EMBEDDED).findByConversationId("alice"))).containsExactly("user One?");
        generator().willAnswer("Yes.");
        assertThat(turn(Way.EMBEDDED, "Two?").call().content()).isEqualTo("Yes.");
        assertThat(said(memory(Way.EMBEDDED).findByConversationId("alice")))
                .containsExactly("user One?", "user Two?", "assistant Yes.");
    }

    @ParameterizedTest
    @EnumSource
    void withoutSessionsItIsAStore(Way way) {
        ContextureChatMemoryRepository memory = memory(way);
        List<Message> messages = List.of(
                new SystemMessage("Rules"),
                new UserMessage("One?"),
                AssistantMessage.builder()
                        .content("Thought about.")
                        .properties(Map.of(ContextureChatModel.THINKING, "Hm."))
                        .build());
        memory.saveAll("bob", messages);
        List<Message> found = memory.findByConversationId("bob");
        assertThat(said(found)).isEqualTo(said(messages));
        assertThat(found.getLast().getMetadata()).containsEntry(ContextureChatModel.THINKING, "Hm.");
        memory.saveAll("bob", List.of(new UserMessage("Two?")));
        assertThat(said(memory.findByConversationId("bob"))).containsExactly("user Two?");
        memory.saveAll("bob", List.of());
        assertThat(memory.findByConversationId("bob")).isEmpty();
    }

    @Test
    void tenantsHaveTheirOwn() {
        memory(Way.EMBEDDED).saveAll("bob", List.of(new UserMessage("One?")));
        assertThat(memory(Way.HTTP).findByConversationId("bob")).isEmpty();
    }

    @ParameterizedTest
    @EnumSource
    void whatCannotBeIsRefusedAlike(Way way) {
        ContextureChatMemoryRepository memory = memory(way);
        assertThatThrownBy(() -> memory.findByConversationId("x".repeat(513)))
                .isInstanceOfSatisfying(ContextureException.class, e -> {
                    assertThat(e.kind()).isEqualTo(Kind.INVALID_REQUEST);
                    assertThat(e.param()).hasValue("conversation");
                    assertThat(e).hasMessageContaining("1 to 512 characters but has 513");
                });
        assertThatThrownBy(() -> memory.saveAll("bob", List.of(new UserMessage("x".repeat(1_000_000)))))
                .isInstanceOfSatisfying(ContextureException.class, e -> {
                    assertThat(e.kind()).isEqualTo(Kind.INVALID_REQUEST);
                    assertThat(e).hasMessageContaining("max-record-size");
                });
        assertThat(memory.findConversationIds()).isEmpty();
    }
}
