package dev.contexture.provider.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.contexture.api.ScriptedChat;
import dev.contexture.provider.ContextureClient;
import dev.contexture.provider.ContextureMemory;
import dev.contexture.provider.EmbeddedClient;
import dev.contexture.provider.EmbeddedMemory;
import dev.contexture.provider.remote.RemoteContexture;
import dev.contexture.provider.remote.RemoteSettings;
import dev.contexture.session.SessionMessage;
import dev.contexture.session.dialect.DialectSettings;
import dev.contexture.testing.ScriptedGenerator;
import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.ImageContent;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.chat.request.ChatRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** LangChain4j's memory over conversations that are sessions, of this process and over HTTP. */
class ChatMemoryStoreTest {
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

    @AfterEach
    void forget() {
        generator().forget();
        for (boolean overHttp : new boolean[] {false, true}) {
            store(overHttp).deleteMessages("alice");
        }
    }

    private static ScriptedGenerator generator() {
        return server.scripted().generator();
    }

    private static ContextureMemory memory(boolean overHttp) {
        return overHttp ? remote.memory() : EmbeddedMemory.of(server.sessions());
    }

    private static ContextureChatMemoryStore store(boolean overHttp) {
        return new ContextureChatMemoryStore(memory(overHttp));
    }

    /** As LangChain4j's memories do: each message is added to what the store has, and all of it written. */
    private static List<ChatMessage> add(ContextureChatMemoryStore store, ChatMessage message) {
        List<ChatMessage> messages = new ArrayList<>(store.getMessages("alice"));
        messages.add(message);
        store.updateMessages("alice", messages);
        return messages;
    }

    private static void turn(boolean overHttp, String question, String answer) {
        ContextureClient client = overHttp
                ? remote.chat()
                : new EmbeddedClient(server.scripted().service(), Optional.of(server.sessions()));
        ContextureChatMemoryStore store = store(overHttp);
        generator().willAnswer(answer);
        AiMessage said = ContextureChatModel.of(client)
                .chat(ChatRequest.builder()
                        .messages(add(store, UserMessage.from(question)))
                        .parameters(ContextureChatRequestParameters.builder()
                                .sessionId(ContextureChatMemoryStore.sessionId("alice"))
                                .build())
                        .build())
                .aiMessage();
        assertThat(said.text()).isEqualTo(answer);
        add(store, said);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void memoryAndSessionAreOne(boolean overHttp) {
        turn(overHttp, "The capital of France?", "Paris.");
        turn(overHttp, "How many live there?", "Two million.");
        assertThat(store(overHttp).getMessages("alice"))
                .containsExactly(
                        UserMessage.from("The capital of France?"),
                        AiMessage.from("Paris."),
                        UserMessage.from("How many live there?"),
                        AiMessage.from("Two million."));
        assertThat(generator().lastPrompt())
                .containsOnlyOnce("The capital of France?")
                .containsOnlyOnce("Paris.")
                .containsOnlyOnce("How many live there?");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void messagesComeBackAsTheyWere(boolean overHttp) {
        List<ChatMessage> messages = List.of(
                SystemMessage.from("You are brief."),
                UserMessage.from("How is it in Turku?"),
                AiMessage.builder()
                        .thinking("Hm.")
                        .toolExecutionRequests(List.of(ToolExecutionRequest.builder()
                                .id("c1")
                                .name("weather")
                                .arguments("{\"city\":\"Turku\"}")
                                .build()))
                        .build(),
                ToolExecutionResultMessage.from("c1", "weather", "Rain"),
                AiMessage.from("It rains."));
        ContextureChatMemoryStore store = store(overHttp);
        store.updateMessagesAsync("alice", messages).join();
        assertThat(store.getMessages("alice")).isEqualTo(messages);
        store.updateMessages("alice", messages.subList(0, 2));
        assertThat(store.getMessagesAsync("alice").join()).isEqualTo(messages.subList(0, 2));
        store.deleteMessagesAsync("alice").join();
        assertThat(store.getMessages("alice")).isEmpty();
    }

    @Test
    void cancellingAFutureEndsItsWork() {
        AtomicInteger begun = new AtomicInteger();
        AtomicInteger cancelled = new AtomicInteger();
        Mono<Void> endless = Mono.<Void>never()
                .doOnSubscribe(work -> begun.incrementAndGet())
                .doOnCancel(cancelled::incrementAndGet);
        ContextureChatMemoryStore store = new ContextureChatMemoryStore(new ContextureMemory() {
            @Override
            public Flux<String> conversations() {
                return Flux.never();
            }

            @Override
            public Mono<List<SessionMessage>> messages(String conversation) {
                return endless.thenReturn(List.of());
            }

            @Override
            public Mono<Void> write(String conversation, List<SessionMessage> messages) {
                return endless;
            }

            @Override
            public Mono<Void> delete(String conversation) {
                return endless;
            }
        });
        store.getMessagesAsync("alice").cancel(true);
        store.updateMessagesAsync("alice", List.of()).cancel(true);
        store.deleteMessagesAsync("alice").cancel(true);
        assertThat(begun).hasValue(3);
        assertThat(cancelled).hasValue(3);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatCannotBeToldIsLeftOut(boolean overHttp) {
        memory(overHttp)
                .write("alice", List.of(SessionMessage.of("system", " "), SessionMessage.of("user", "")))
                .block();
        assertThat(store(overHttp).getMessages("alice")).containsExactly(UserMessage.from(""));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatCannotBeIsRefusedAlike(boolean overHttp) {
        ContextureChatMemoryStore store = store(overHttp);
        assertThatThrownBy(() -> store.getMessages("x".repeat(513)))
                .isInstanceOf(InvalidRequestException.class)
                .hasMessageContaining("1 to 512 characters but has 513");
        assertThatThrownBy(() -> store.updateMessages("alice", List.of(UserMessage.from("x".repeat(1_000_000)))))
                .isInstanceOf(InvalidRequestException.class)
                .hasMessageContaining("max-record-size");
        assertThatThrownBy(() -> store.updateMessages(
                        "alice", List.of(UserMessage.from(ImageContent.from("http://localhost/picture.png")))))
                .isInstanceOf(UnsupportedFeatureException.class);
        assertThat(store.getMessages("alice")).isEmpty();
    }
}
