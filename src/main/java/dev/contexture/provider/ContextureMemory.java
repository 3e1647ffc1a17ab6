package dev.contexture.provider;

import dev.contexture.session.SessionMessage;
import java.util.List;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * What the frameworks' memories ask, and all that they know: conversations under ids that the application gives them, each of which is a session.
 * The sessions of this process or of a Redis that it opened ({@link EmbeddedMemory}) and those of a service over HTTP behave alike, but that
 * the latter check what is written as the route does: each call of an assistant's message needs an id, which no other call of that message has, and each
 * result names one. All fail with {@link ContextureException}.
 */
public interface ContextureMemory {
    /** Ids of all conversations, among 10,000 sessions at most. */
    Flux<String> conversations();

    /**
     * What was said, without a system's message that came with prompts.
     *
     * @param conversation 1 to 512 characters
     * @return none of a conversation that there is not
     */
    Mono<List<SessionMessage>> messages(String conversation);

    /** Replaces all that was said; waits for a turn that runs. */
    Mono<Void> write(String conversation, List<SessionMessage> messages);

    /** Forgets it, and what is stored of it. One that there is not is no error. */
    Mono<Void> delete(String conversation);
}
