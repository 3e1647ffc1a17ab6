package dev.contexture.bench;

import dev.contexture.core.SelectionMatrix;
import dev.contexture.kv.StepSlots;
import dev.contexture.retrieval.RetrievalState;
import dev.contexture.retrieval.Retriever;
import dev.contexture.retrieval.SelectionQuery;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.function.Consumer;

/** A retriever in an engine that was put together for another one, whose preparations go on. Does not own the retriever. */
final class GuestRetriever implements Retriever {
    private final Retriever retriever;
    private final Consumer<StepSlots> host;

    /**
     * @param host what the engine's own retriever does before a run
     */
    GuestRetriever(Retriever retriever, Consumer<StepSlots> host) {
        this.retriever = retriever;
        this.host = host;
    }

    @Override
    public String name() {
        return retriever.name();
    }

    @Override
    public int[] groupOfLayer() {
        return retriever.groupOfLayer();
    }

    @Override
    public boolean needsBlocks() {
        return retriever.needsBlocks();
    }

    @Override
    public void prepare(StepSlots slots) {
        host.accept(slots);
        retriever.prepare(slots);
    }

    @Override
    public SelectionMatrix select(List<SelectionQuery> queries, StepSlots slots) {
        return retriever.select(queries, slots);
    }

    @Override
    public void observe(StepSlots slots, List<RetrievalState> states, FloatBuffer features) {
        retriever.observe(slots, states, features);
    }

    @Override
    public void close() {}
}
