package dev.contexture.provider;

import dev.contexture.core.FinishReason;
import dev.contexture.scheduler.ShuttingDownException;
import dev.contexture.session.GenerationEvent;
import dev.contexture.session.GenerationEvent.Completed;
import dev.contexture.session.GenerationEvent.Delta;
import dev.contexture.session.GenerationEvent.Drawn;
import dev.contexture.session.GenerationEvent.Finished;
import dev.contexture.session.GenerationEvent.Part;
import dev.contexture.session.GenerationEvent.Usage;
import dev.contexture.session.SpokenAnswer;

/** The one answer of a request, put together from its events; used by one subscriber. */
public final class SingleAnswer {
    private final SpokenAnswer spoken = new SpokenAnswer();
    private FinishReason reason = FinishReason.CANCELLED;
    private Usage usage = Usage.NONE;

    /**
     * @throws ShuttingDownException if the service cut the answer off
     */
    public SingleAnswer with(GenerationEvent event) {
        switch (event) {
            case Delta delta -> spoken.take(delta);
            case Part part -> spoken.take(part);
            case Drawn none -> {}
            case Finished finished -> {
                reason = finished.reason();
                if (reason == FinishReason.CANCELLED) {
                    throw new ShuttingDownException();
                }
            }
            case Completed completed -> usage = completed.usage();
        }
        return this;
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
}
