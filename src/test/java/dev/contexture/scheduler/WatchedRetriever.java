package dev.contexture.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.core.SelectionMatrix;
import dev.contexture.core.SelectionRule;
import dev.contexture.kv.StepSlots;
import dev.contexture.retrieval.Observation;
import dev.contexture.retrieval.Retriever;
import dev.contexture.retrieval.SelectionQuery;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;

/** Checks every selection that passes: within the budget, with sink, recent window and the row's own position. */
final class WatchedRetriever implements Retriever {
    private final Retriever watched;
    int lists;

    WatchedRetriever(Retriever watched) {
        this.watched = watched;
    }

    @Override
    public SelectionMatrix select(List<SelectionQuery> queries, StepSlots slots) {
        SelectionMatrix selection = watched.select(queries, slots).onHost();
        int listsPerRow = selection.groups() * selection.kvHeads();
        for (int list = 0; list < selection.counts().length; list++) {
            if (!selection.isEmpty(list / listsPerRow)) {
                SelectionQuery query = queries.get(list / listsPerRow);
                int begin = list * selection.stride();
                check(
                        query.rule(),
                        query.position(),
                        Arrays.copyOfRange(
                                selection.positions(), begin, begin + selection.counts()[list]));
                lists++;
            }
        }
        return selection;
    }

    private static void check(SelectionRule rule, int position, int[] chosen) {
        assertThat(chosen.length).isLessThanOrEqualTo(rule.budget());
        for (int i = 0; i < rule.sink(); i++) {
            assertThat(chosen[i]).isEqualTo(i);
        }
        for (int i = 0; i < rule.recent(); i++) {
            assertThat(chosen[chosen.length - 1 - i]).isEqualTo(position - i);
        }
    }

    @Override
    public String name() {
        return watched.name();
    }

    @Override
    public int[] groupOfLayer() {
        return watched.groupOfLayer();
    }

    @Override
    public boolean needsBlocks() {
        return watched.needsBlocks();
    }

    @Override
    public void prepare(StepSlots slots) {
        watched.prepare(slots);
    }

    @Override
    public void observe(StepSlots slots, List<Observation> observed, FloatBuffer features) {
        watched.observe(slots, observed, features);
    }

    @Override
    public void close() {
        watched.close();
    }
}
