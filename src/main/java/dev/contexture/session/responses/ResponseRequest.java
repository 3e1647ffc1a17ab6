package dev.contexture.session.responses;

import dev.contexture.session.GenerationRequest;
import dev.contexture.session.TurnOptions;
import java.util.List;
import java.util.Optional;

/**
 * What a front door asks for.
 *
 * @param input at least one item
 * @param store whether it is to be kept
 * @param previous a response of the same tenant to go on from
 * @param session of the caller that this is a turn of; excludes a previous response
 * @param turn how that behaves
 * @param generation length, sampling, tenant and the rest; its prompt is a conversation, whose tools and template arguments count
 */
public record ResponseRequest(
        String model,
        List<ResponseItem> input,
        ResponseSettings settings,
        boolean store,
        Optional<String> previous,
        Optional<String> session,
        TurnOptions turn,
        GenerationRequest generation) {
    public ResponseRequest {
        input = List.copyOf(input);
        if (input.isEmpty()) {
            throw new IllegalArgumentException("input must have at least one item");
        }
        if (previous.isPresent() && session.isPresent()) {
            throw new IllegalArgumentException("previous_response_id and session_id exclude each other");
        }
    }

    String tenant() {
        return generation.tenant();
    }
}
