package dev.contexture.provider.springai;

import dev.contexture.provider.ContextureException;
import dev.contexture.provider.ContextureMemory;
import dev.contexture.provider.MemoryLimit;
import dev.contexture.session.Conversations;
import dev.contexture.session.SessionMessage;
import java.util.List;
import org.springframework.ai.chat.memory.ChatMemoryRepository;
import org.springframework.ai.chat.messages.Message;
import reactor.core.publisher.Mono;

/**
 * Spring AI's memory, and what Contexture keeps of a conversation, as one: a conversation is a session. With {@link #sessionId} in a prompt's options its turns
 * write it, and go on from the tokens, keys and values that are there; without, it is a store of messages. Lies where sessions lie: in Redis, sealed under
 * the tenant's key, until its time to live ends; in the process where there is none. Whose process or Redis that is, the {@link ContextureMemory} says.
 *
 * <p>Kept of a message are role, text, calls and their results, and thoughts; not media or an application's own metadata. Fails with
 * {@link ContextureException}. Safe for use by several threads, which must be allowed to block.
 */
public final class ContextureChatMemoryRepository implements ChatMemoryRepository {
    private final ContextureMemory memory;

    public ContextureChatMemoryRepository(ContextureMemory memory) {
        this.memory = memory;
    }

    /** For {@link ContextureChatOptions.Builder#sessionId}. */
    public static String sessionId(String conversationId) {
        return Conversations.sessionId(conversationId);
    }

    @Override
    public List<String> findConversationIds() {
        return wait(memory.conversations().collectList());
    }

    @Override
    public List<Message> findByConversationId(String conversationId) {
        return SpringMessages.messages(wait(memory.messages(conversationId)));
    }

    @Override
    public void saveAll(String conversationId, List<Message> messages) {
        List<SessionMessage> said = messages.stream()
                .flatMap(message -> SpringMessages.fields(message).stream())
                .map(SessionMessage::new)
                .toList();
        wait(memory.write(conversationId, said).thenReturn(conversationId));
    }

    @Override
    public void deleteByConversationId(String conversationId) {
        wait(memory.delete(conversationId).thenReturn(conversationId));
    }

    private static <T> T wait(Mono<T> answer) {
        return MemoryLimit.of(answer).blockOptional().orElseThrow();
    }
}
