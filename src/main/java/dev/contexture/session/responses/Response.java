package dev.contexture.session.responses;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * A response as it stands.
 *
 * @param ended absent while it is being made
 * @param error of one that failed
 * @param input what was asked this time; what went before is the conversation's
 * @param usage absent where it did not come to its end
 * @param previous the response that it goes on from
 * @param session the caller's own session that it is a turn of
 * @param conversation what responses that go on from this one read; absent where it is not kept, or a session's
 * @param stored whether it can be asked for later
 */
public record Response(
        String id,
        String model,
        Instant created,
        Optional<Instant> ended,
        ResponseStatus status,
        Optional<ResponseError> error,
        ResponseSettings settings,
        List<ResponseItem> input,
        List<ResponseItem> output,
        Optional<TokenCounts> usage,
        Optional<String> previous,
        Optional<String> session,
        Optional<ConversationPart> conversation,
        boolean stored) {
    public Response {
        input = List.copyOf(input);
        output = List.copyOf(output);
    }

    /**
     * Tokens.
     *
     * @param cached of the input, those that were not computed again
     * @param reasoning of the output, those of thoughts and their tags
     */
    public record TokenCounts(int input, int cached, int output, int reasoning) {}

    /**
     * A response's part of a conversation.
     *
     * @param addedTokens that the conversation has by it
     */
    public record ConversationPart(String id, int addedTokens) {}

    /** The same, which nobody can ask for. */
    Response unstored() {
        return new Response(
                id,
                model,
                created,
                ended,
                status,
                error,
                settings,
                input,
                output,
                usage,
                previous,
                session,
                Optional.empty(),
                false);
    }
}
