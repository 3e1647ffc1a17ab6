package dev.contexture.provider;

import dev.contexture.session.Conversations;
import dev.contexture.session.SessionMessage;
import dev.contexture.session.SessionService;
import java.util.List;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Conversations that this process reads and writes itself. */
public final class EmbeddedMemory implements ContextureMemory {
    private final Conversations conversations;
    private final String tenant;

    /**
     * @param tenant whose they are
     */
    public EmbeddedMemory(Conversations conversations, String tenant) {
        this.conversations = conversations;
        this.tenant = tenant;
    }

    /** Of the engine of this process. */
    public static EmbeddedMemory of(SessionService sessions) {
        return new EmbeddedMemory(sessions.conversations(), ChatCall.TENANT);
    }

    /**
     * Why there is none where an application asks for it.
     *
     * @param prefix of its properties
     */
    public static IllegalStateException noSessions(String prefix) {
        return new IllegalStateException(
                prefix + ".memory.enabled is true, but this process has no SessionService to keep"
                        + " conversations in: declare one as a bean beside the InferenceService, leave both out and set "
                        + prefix
                        + ".mode=embedded, which starts an engine with sessions, or set " + prefix
                        + ".memory.enabled=false");
    }

    @Override
    public Flux<String> conversations() {
        return conversations.names(tenant).onErrorMap(Failures::of);
    }

    @Override
    public Mono<List<SessionMessage>> messages(String conversation) {
        return conversations.messages(tenant, conversation).onErrorMap(Failures::of);
    }

    @Override
    public Mono<Void> write(String conversation, List<SessionMessage> messages) {
        return conversations.write(tenant, conversation, messages).onErrorMap(Failures::of);
    }

    @Override
    public Mono<Void> delete(String conversation) {
        return conversations.delete(tenant, conversation).onErrorMap(Failures::of);
    }
}
