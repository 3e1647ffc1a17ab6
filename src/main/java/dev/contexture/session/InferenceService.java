package dev.contexture.session;

import dev.contexture.core.Sparsity;
import java.util.List;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** The one entry point of all front doors. */
public interface InferenceService {
    /**
     * Generates; work begins on subscription. Cancelling the subscription ends all choices within one step. Errors:
     * {@link InvalidPromptException}, {@link ContextLengthExceededException}, the scheduler's
     * {@code QueueFullException} and {@code ShuttingDownException}.
     */
    Flux<GenerationEvent> generate(GenerationRequest request);

    /** Token ids of a prompt, exactly as generation would see them. */
    Mono<int[]> tokenize(Prompt prompt);

    /** The text of token ids. */
    Mono<String> detokenize(List<Integer> tokenIds);

    ModelDescription model();

    /** What clients may know of the served model. */
    record ModelDescription(
            String id, int contextLength, long createdEpochSeconds, String fingerprint, SparsityDescription sparsity) {}

    /**
     * How outputs are decoded by default.
     *
     * @param selector what chooses: "head" (trained), "descriptors" (training-free) or "none"
     */
    record SparsityDescription(Sparsity defaults, int maxBudget, String selector) {}
}
