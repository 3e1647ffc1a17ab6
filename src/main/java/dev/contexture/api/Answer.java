package dev.contexture.api;

import dev.contexture.core.FinishReason;
import dev.contexture.scheduler.ShuttingDownException;
import dev.contexture.session.GenerationEvent;
import dev.contexture.session.GenerationEvent.Begun;
import dev.contexture.session.GenerationEvent.Completed;
import dev.contexture.session.GenerationEvent.Delta;
import dev.contexture.session.GenerationEvent.Drawn;
import dev.contexture.session.GenerationEvent.Finished;
import dev.contexture.session.GenerationEvent.Part;
import dev.contexture.session.GenerationEvent.TokenDetail;
import dev.contexture.session.GenerationEvent.Usage;
import dev.contexture.session.SpokenAnswer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** A whole answer, put together from its events. */
final class Answer {
    private final List<ChoiceSoFar> choices = new ArrayList<>();
    private Usage usage = Usage.NONE;
    private @Nullable ContextureBody contexture;

    /** One choice while it grows. */
    private static final class ChoiceSoFar {
        private final SpokenAnswer spoken = new SpokenAnswer();
        private final List<TokenDetail> tokens = new ArrayList<>();
        private FinishReason reason = FinishReason.CANCELLED;
    }

    /** One choice, complete. */
    record Choice(int index, SpokenAnswer spoken, List<TokenDetail> tokens, String finishReason) {
        String text() {
            return spoken.text();
        }
    }

    private Answer(int count) {
        for (int i = 0; i < count; i++) {
            choices.add(new ChoiceSoFar());
        }
    }

    /**
     * @param count choices of the answer
     */
    static Mono<Answer> collect(Flux<GenerationEvent> events, int count) {
        return Mono.defer(() -> events.reduce(new Answer(count), Answer::with));
    }

    private Answer with(GenerationEvent event) {
        switch (event) {
            case Delta delta -> {
                choices.get(delta.choice()).spoken.take(delta);
                choices.get(delta.choice()).tokens.addAll(delta.tokens());
            }
            case Part part -> choices.get(part.choice()).spoken.take(part);
            case Begun none -> {}
            case Drawn none -> {}
            case Finished finished -> choices.get(finished.choice()).reason = finished.reason();
            case Completed completed -> {
                usage = completed.usage();
                contexture = ContextureBody.of(completed);
            }
        }
        return this;
    }

    /**
     * @throws ShuttingDownException if the service cut a choice off
     */
    List<Choice> choices() {
        List<Choice> complete = new ArrayList<>();
        for (int i = 0; i < choices.size(); i++) {
            ChoiceSoFar choice = choices.get(i);
            complete.add(new Choice(i, choice.spoken, choice.tokens, FinishReasons.text(choice.reason)));
        }
        return complete;
    }

    /** What is ours to say of it, if anything. */
    @Nullable
    ContextureBody contexture() {
        return contexture;
    }

    UsageBody usage() {
        return UsageBody.of(usage);
    }
}
