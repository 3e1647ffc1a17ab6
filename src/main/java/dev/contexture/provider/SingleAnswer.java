package dev.contexture.provider;

import dev.contexture.core.FinishReason;
import dev.contexture.session.GenerationEvent;
import dev.contexture.session.GenerationEvent.Begun;
import dev.contexture.session.GenerationEvent.Completed;
import dev.contexture.session.GenerationEvent.Delta;
import dev.contexture.session.GenerationEvent.Drawn;
import dev.contexture.session.GenerationEvent.Finished;
import dev.contexture.session.GenerationEvent.Part;
import dev.contexture.session.GenerationEvent.Usage;
import dev.contexture.session.SpokenAnswer;
import dev.contexture.session.TurnOutcome;
import java.util.Optional;

/** The one answer of a request, put together from its events; used by one subscriber. */
public final class SingleAnswer {
    private final String id;
    private final String model;
    private final SpokenAnswer spoken = new SpokenAnswer();
    private FinishReason reason = FinishReason.CANCELLED;
    private Usage usage = Usage.NONE;
    private Optional<TurnOutcome> turn = Optional.empty();

    /**
     * @param model that answers
     */
    public SingleAnswer(String id, String model) {
        this.id = id;
        this.model = model;
    }

    public SingleAnswer with(GenerationEvent event) {
        switch (event) {
            case Delta delta -> spoken.take(delta);
            case Part part -> spoken.take(part);
            case Begun none -> {}
            case Drawn none -> {}
            case Finished finished -> reason = finished.reason();
            case Completed completed -> {
                usage = completed.usage();
                turn = completed.turn();
            }
        }
        return this;
    }

    public String id() {
        return id;
    }

    public String model() {
        return model;
    }

    public SpokenAnswer spoken() {
        return spoken;
    }

    public String text() {
        return spoken.text();
    }

    public FinishReason reason() {
        return reason;
    }

    public Usage usage() {
        return usage;
    }

    /** What a session's turn left behind. */
    public Optional<TurnOutcome> turn() {
        return turn;
    }
}
