package dev.contexture.provider.springai;

import dev.contexture.provider.Failures;
import dev.contexture.session.Conversations;
import dev.contexture.session.SessionMessage;
import java.time.Duration;
import java.util.List;
import org.springframework.ai.chat.memory.ChatMemoryRepository;
import org.springframework.ai.chat.messages.Message;
import reactor.core.publisher.Mono;

/**
 * Spring AI's memory, and what Contexture keeps of a conversation, as one: a conversation is a session. With {@link #sessionId} in a prompt's options its turns
 * write it, and go on from the tokens, keys and values that are there; without, it is a store of messages. Lies where sessions lie: in Redis, sealed under
 * the tenant's key, until its time to live ends; in the process where there is none.
 *
 * <p>Kept of a message are role, text, calls and their results, and thoughts; not media or an application's own metadata. Fails with
 * {@link dev.contexture.provider.ContextureException}. Safe for use by several threads, which must be allowed to block.
 */
public final class ContextureChatMemoryRepository implements ChatMemoryRepository {
    private static final Duration LONGEST = Duration.ofMinutes(2);

    private final Conversations conversations;
    private final String tenant;

    /**
     * @param tenant whose they are: {@link dev.contexture.provider.ChatCall#TENANT} for the engine of this process
     */
    public ContextureChatMemoryRepository(Conversations conversations, String tenant) {
        this.conversations = conversations;
        this.tenant = tenant;
    }

    /** For {@link ContextureChatOptions.Builder#sessionId}. */
    public static String sessionId(String conversationId) {
        return Conversations.sessionId(conversationId);
    }

    @Override
    public List<String> findConversationIds() {
        return wait(conversations.names(tenant).collectList());
    }

    @Override
    public List<Message> findByConversationId(String conversationId) {
        return SpringMessages.messages(wait(conversations.messages(tenant, conversationId)));
    }

    @Override
    public void saveAll(String conversationId, List<Message> messages) {
        List<SessionMessage> said = messages.stream()
                .flatMap(message -> SpringMessages.fields(message).stream())
                .map(SessionMessage::new)
                .toList();
        wait(conversations.write(tenant, conversationId, said).thenReturn(conversationId));
    }

    @Override
    public void deleteByConversationId(String conversationId) {
        wait(conversations.delete(tenant, conversationId).thenReturn(conversationId));
    }

    /** Each call of the store has a limit of its own, and so has waiting for a turn. */
    private static <T> T wait(Mono<T> answer) {
        T found = answer.onErrorMap(Failures::of).block(LONGEST);
        if (found == null) {
            throw new IllegalStateException("the store gave no answer");
        }
        return found;
    }
}
