package dev.contexture.provider.langchain4j;

import dev.contexture.provider.ContextureMemory;
import dev.contexture.provider.MemoryLimit;
import dev.contexture.provider.Remembered;
import dev.contexture.session.Conversations;
import dev.contexture.session.SessionMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.store.memory.chat.ChatMemoryStore;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/**
 * LangChain4j's memory, and what Contexture keeps of a conversation, as one: the conversation of a memory's id, written as a text, is a session. With
 * {@link #sessionId} in a request's parameters its turns write it, and go on from the tokens, keys and values that are there; without, it is a store of messages.
 *
 * <p>Kept of a message are role, text, calls and their results, and thoughts; not names, attributes, or whether a result is an error. Fails with the
 * exceptions of the models. Safe for use by several threads, which must be allowed to block but for the futures.
 */
public final class ContextureChatMemoryStore implements ChatMemoryStore {
    private final ContextureMemory memory;

    public ContextureChatMemoryStore(ContextureMemory memory) {
        this.memory = memory;
    }

    /** For {@link ContextureChatRequestParameters.Builder#sessionId}. */
    public static String sessionId(Object memoryId) {
        return Conversations.sessionId(memoryId.toString());
    }

    @Override
    public List<ChatMessage> getMessages(Object memoryId) {
        return messages(memoryId).blockOptional().orElseThrow();
    }

    @Override
    public CompletableFuture<List<ChatMessage>> getMessagesAsync(Object memoryId) {
        return future(messages(memoryId));
    }

    private Mono<List<ChatMessage>> messages(Object memoryId) {
        return limited(memory.messages(memoryId.toString())
                .map(session -> Remembered.of(session).stream()
                        .flatMap(ContextureChatMemoryStore::message)
                        .toList()));
    }

    /** A system's message that says nothing is none to LangChain4j. */
    private static Stream<ChatMessage> message(Remembered said) {
        return switch (said) {
            case Remembered.Instruction system ->
                Stream.of(system.text()).filter(text -> !text.isBlank()).map(SystemMessage::from);
            case Remembered.User user -> Stream.of(UserMessage.from(user.text()));
            case Remembered.Answer answer ->
                Stream.of(ChatTranslation.message(answer.text(), answer.thinking(), answer.calls()));
            case Remembered.Result result ->
                Stream.of(ToolExecutionResultMessage.from(result.id(), result.name(), result.text()));
        };
    }

    @Override
    public void updateMessages(Object memoryId, List<ChatMessage> messages) {
        write(memoryId, messages).block();
    }

    @Override
    public CompletableFuture<Void> updateMessagesAsync(Object memoryId, List<ChatMessage> messages) {
        return done(write(memoryId, messages));
    }

    private Mono<Void> write(Object memoryId, List<ChatMessage> messages) {
        return limited(Mono.defer(() -> memory.write(
                memoryId.toString(),
                messages.stream()
                        .map(message -> new SessionMessage(ChatTranslation.message(message)))
                        .toList())));
    }

    @Override
    public void deleteMessages(Object memoryId) {
        delete(memoryId).block();
    }

    @Override
    public CompletableFuture<Void> deleteMessagesAsync(Object memoryId) {
        return done(delete(memoryId));
    }

    private Mono<Void> delete(Object memoryId) {
        return limited(memory.delete(memoryId.toString()));
    }

    private static <T> Mono<T> limited(Mono<T> answer) {
        return MemoryLimit.of(answer).onErrorMap(ChatTranslation::exception);
    }

    /** Not a stage behind another future: cancelling one does not reach what it waits for. */
    private static CompletableFuture<Void> done(Mono<Void> work) {
        CompletableFuture<Void> future = new CompletableFuture<>();
        return ending(
                future,
                work.publishOn(Schedulers.boundedElastic())
                        .subscribe(nothing -> {}, future::completeExceptionally, () -> future.complete(null)));
    }

    /** On threads that may block: stages behind it are the caller's code. */
    private static <T> CompletableFuture<T> future(Mono<T> answer) {
        CompletableFuture<T> future = new CompletableFuture<>();
        return ending(
                future,
                answer.publishOn(Schedulers.boundedElastic())
                        .subscribe(future::complete, future::completeExceptionally));
    }

    private static <T> CompletableFuture<T> ending(CompletableFuture<T> future, Disposable work) {
        future.whenComplete((done, error) -> work.dispose());
        return future;
    }
}
