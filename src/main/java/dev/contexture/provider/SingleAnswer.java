package dev.contexture.provider;

import dev.contexture.core.FinishReason;
import dev.contexture.scheduler.ShuttingDownException;
import dev.contexture.session.GenerationEvent;
import dev.contexture.session.GenerationEvent.Completed;
import dev.contexture.session.GenerationEvent.Delta;
import dev.contexture.session.GenerationEvent.Finished;
import dev.contexture.session.GenerationEvent.Usage;

/** The one answer of a request, put together from its events; used by one subscriber. */
public final class SingleAnswer {
    private final StringBuilder text = new StringBuilder();
    private FinishReason reason = FinishReason.CANCELLED;
    private Usage usage = Usage.NONE;

    /**
     * @throws ShuttingDownException if the service cut the answer off
     */
    public SingleAnswer with(GenerationEvent event) {
        switch (event) {
            case Delta delta -> text.append(delta.text());
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

    public String text() {
        return text.toString();
    }

    public FinishReason reason() {
        return reason;
    }

    public Usage usage() {
        return usage;
    }
}
