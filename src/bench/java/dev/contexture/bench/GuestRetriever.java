package dev.contexture.bench;

import dev.contexture.kv.StepSlots;
import dev.contexture.retrieval.Retriever;
import java.util.function.Consumer;

/** A retriever in an engine that was put together for another one, whose preparations go on. */
final class GuestRetriever extends ForwardingRetriever {
    private final Consumer<StepSlots> host;

    /**
     * @param host what the engine's own retriever does before a run
     */
    GuestRetriever(Retriever retriever, Consumer<StepSlots> host) {
        super(retriever);
        this.host = host;
    }

    @Override
    public void prepare(StepSlots slots) {
        host.accept(slots);
        super.prepare(slots);
    }
}
