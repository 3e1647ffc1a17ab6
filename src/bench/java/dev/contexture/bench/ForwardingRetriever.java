package dev.contexture.bench;

import dev.contexture.core.Selection;
import dev.contexture.kv.StepSlots;
import dev.contexture.retrieval.Observation;
import dev.contexture.retrieval.Retriever;
import dev.contexture.retrieval.SelectionQuery;
import java.nio.FloatBuffer;
import java.util.List;

/** Another retriever, which it does not own, with something changed. */
abstract class ForwardingRetriever implements Retriever {
    private final Retriever retriever;

    ForwardingRetriever(Retriever retriever) {
        this.retriever = retriever;
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
        retriever.prepare(slots);
    }

    @Override
    public Selection select(List<SelectionQuery> queries, StepSlots slots) {
        return retriever.select(queries, slots);
    }

    @Override
    public void observe(StepSlots slots, List<Observation> observed, FloatBuffer features) {
        retriever.observe(slots, observed, features);
    }

    @Override
    public final void close() {}
}
