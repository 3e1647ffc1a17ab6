package dev.contexture.testing;

import dev.contexture.session.InferenceService;
import dev.contexture.session.Prompt;
import java.util.List;
import reactor.core.publisher.Mono;

/** For what only has answers generated: whoever asks it for more has changed, and needs a service that gives it. */
public abstract class GeneratingService implements InferenceService {
    @Override
    public final Mono<int[]> tokenize(Prompt prompt) {
        throw new AssertionError("nobody was to ask for tokens, but did, of " + prompt);
    }

    @Override
    public final Mono<String> detokenize(List<Integer> tokenIds) {
        throw new AssertionError("nobody was to ask for text, but did, of " + tokenIds);
    }

    @Override
    public final ModelDescription model() {
        throw new AssertionError("nobody was to ask for the model");
    }
}
