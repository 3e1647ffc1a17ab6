package dev.contexture.provider;

import dev.contexture.session.GenerationRequest;
import dev.contexture.session.Prompt;
import dev.contexture.session.TurnOptions;
import java.util.Optional;

/**
 * One answer that is wanted.
 *
 * @param id of the answer, made by the caller; a service over HTTP logs it as the request's id
 * @param request with a conversation for its prompt and one choice
 * @param session whose next turn this is; empty for a request by itself
 */
public record ChatCall(String id, GenerationRequest request, Optional<Turn> session) {
    /** Whose requests and sessions those of the engine's own process are; over HTTP the key says it. */
    public static final String TENANT = "embedded";

    /** A session's turn. */
    public record Turn(String session, TurnOptions options) {
        public Turn {
            if (session.isBlank()) {
                throw new IllegalArgumentException("session_id must not be blank");
            }
        }

        /** Not waiting for another turn; undone if the caller goes away. */
        public static Turn of(String session) {
            return new Turn(session, TurnOptions.DEFAULT);
        }
    }

    public ChatCall {
        if (!(request.prompt() instanceof Prompt.Chat)) {
            throw new IllegalArgumentException("the prompt must be a conversation");
        }
        if (request.choices() != 1) {
            throw new IllegalArgumentException("n must be 1 but is " + request.choices());
        }
    }

    /** The conversation. */
    public Prompt.Chat prompt() {
        return (Prompt.Chat) request.prompt();
    }
}
