package dev.contexture.engine;

import dev.contexture.core.Selection;
import dev.contexture.core.SelectionMatrix;
import dev.contexture.core.SelectionRule;
import dev.contexture.core.Sparsity;
import dev.contexture.core.SparsityMode;
import dev.contexture.engine.SelectionListener.FallbackCause;
import dev.contexture.kv.KvCache;
import dev.contexture.kv.StepSlots;
import dev.contexture.nativelib.NativeKvPool;
import dev.contexture.retrieval.Observation;
import dev.contexture.retrieval.RetrievalState;
import dev.contexture.retrieval.Retriever;
import dev.contexture.retrieval.SelectionQuery;
import dev.contexture.selection.SelectionReuse;
import dev.contexture.selection.SelectionSettings;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Selects once per step, before any layer runs, for every decode row whose context is longer than its budget: by the
 * retriever, or by carrying an earlier selection on. A row whose selection is not to be trusted attends to everything.
 * Chunks of prompts are attended whole unless the settings bound what they see before them.
 */
public final class SparseSelection implements SelectionStage {
    private static final int[] NO_BLOCKS = {};

    private final Retriever retriever;
    private final KvCache kv;
    private final NativeKvPool pool;
    private final SelectionSettings settings;
    private final SelectionRule.Unit automatic;
    private final SelectionListener listener;
    private final LongSupplier nanoClock;
    private final int[] groupOfLayer;

    /**
     * @param retriever is its owner's to close
     * @param automatic what {@link dev.contexture.core.SparsityMode#AUTO} selects
     */
    public SparseSelection(
            Retriever retriever,
            KvCache kv,
            NativeKvPool pool,
            SelectionSettings settings,
            SelectionRule.Unit automatic,
            SelectionListener listener,
            LongSupplier nanoClock) {
        this.retriever = retriever;
        this.kv = kv;
        this.pool = pool;
        this.settings = settings;
        this.automatic = automatic;
        this.listener = listener;
        this.nanoClock = nanoClock;
        this.groupOfLayer = retriever.groupOfLayer();
    }

    /** A decode row or a chunk that may be sparse, and what was chosen for it. */
    private static final class Row {
        private final int sequence;
        private final SequenceSparsity sparsity;
        private final boolean chunk;
        private @Nullable Selection selection;

        private Row(int sequence, SequenceSparsity sparsity, boolean chunk) {
            this.sequence = sequence;
            this.sparsity = sparsity;
            this.chunk = chunk;
        }
    }

    @Override
    public SequenceSparsity begin(Sparsity policy) {
        return new SequenceSparsity(policy, settings);
    }

    @Override
    public void select(StepPlan plan, StepSlots slots) {
        retriever.prepare(slots);
        List<Row> rows = sparseRows(plan, slots);
        if (rows.isEmpty()) {
            return;
        }
        long begin = nanoClock.getAsLong();
        int reused = reuse(rows, slots);
        choose(rows, plan, slots);
        attend(rows, plan, reused, begin);
    }

    private List<Row> sparseRows(StepPlan plan, StepSlots slots) {
        List<Row> rows = new ArrayList<>();
        for (int s = 0; s < slots.sequences(); s++) {
            Optional<SequenceSparsity> found = plan.sequences().get(s).sparsity();
            if (found.isEmpty()) {
                continue;
            }
            SequenceSparsity sparsity = found.get();
            if (sparsity.isPartial()) {
                rows.add(new Row(s, sparsity, slots.queryLength(s) > 1));
                continue;
            }
            if (!sparsity.isDecoding() || slots.queryLength(s) != 1) {
                if (boundsChunk(sparsity, slots, s)) {
                    rows.add(new Row(s, sparsity, true));
                }
                continue;
            }
            int position = slots.contextLength(s);
            if (!sparsity.policy().applies(position + 1)) {
                sparsity.countDense();
            } else if (!sparsity.retrieval().precedes(position)) {
                fallBack(sparsity, FallbackCause.NO_QUERY);
            } else {
                rows.add(new Row(s, sparsity, false));
            }
        }
        return rows;
    }

    /** Chunks of a single row run through the kernel of decode rows, whose lists hold the row itself: they stay whole. */
    private boolean boundsChunk(SequenceSparsity sparsity, StepSlots slots, int sequence) {
        int context = slots.contextLength(sequence);
        return settings.prefill().applies(context)
                && slots.queryLength(sequence) > 1
                && sparsity.policy().mode() != SparsityMode.DENSE
                && sparsity.retrieval().precedes(context);
    }

    private int reuse(List<Row> rows, StepSlots slots) {
        int reused = 0;
        for (Row row : rows) {
            SelectionMatrix earlier = row.chunk ? null : row.sparsity.reusable(settings.reuseInterval());
            if (earlier != null) {
                SelectionMatrix next =
                        SelectionReuse.next(earlier, slots.contextLength(row.sequence), row.sparsity.policy());
                row.selection = next;
                row.sparsity.reused(next);
                reused++;
            }
        }
        return reused;
    }

    private void choose(List<Row> rows, StepPlan plan, StepSlots slots) {
        List<Row> open = rows.stream().filter(row -> row.selection == null).toList();
        if (open.isEmpty()) {
            return;
        }
        List<SelectionQuery> queries = new ArrayList<>();
        for (Row row : open) {
            queries.add(query(row, plan, slots));
        }
        Selection chosen = retriever.select(queries, slots);
        for (int i = 0; i < open.size(); i++) {
            Row row = open.get(i);
            if (!chosen.isEmpty(i)) {
                take(row, chosen.row(i));
            } else {
                row.sparsity.forget();
                if (!row.chunk) {
                    fallBack(row.sparsity, FallbackCause.NO_DESCRIPTORS);
                }
            }
        }
    }

    private void take(Row row, Selection chosen) {
        double mass = chosen.meanMass(0);
        listener.weighed(mass);
        if (row.chunk) {
            row.selection = chosen;
        } else if (row.sparsity.gate().accept(mass) || row.sparsity.isPartial()) {
            row.selection = chosen;
            keep(row, chosen);
        } else {
            row.sparsity.forget();
            fallBack(row.sparsity, FallbackCause.LOW_MASS);
        }
    }

    /** Lists on a device are copied only if a later step is to use them again. */
    private void keep(Row row, Selection chosen) {
        if (settings.reuseInterval() > 1 || chosen instanceof SelectionMatrix) {
            row.sparsity.chose(chosen.onHost());
        } else {
            row.sparsity.forget();
        }
    }

    private SelectionQuery query(Row row, StepPlan plan, StepSlots slots) {
        SelectionRule rule = rule(row);
        StepPlan.SequenceStep step = plan.sequences().get(row.sequence);
        int[] tokens = step.tokens().tokens();
        int context = slots.contextLength(row.sequence);
        int queries = Math.min(tokens.length, settings.prefill().queries());
        int[] chosen = new int[queries];
        int[] positions = new int[queries];
        for (int i = 0; i < queries; i++) {
            int index = (int) ((long) i * tokens.length / queries);
            chosen[i] = tokens[index];
            positions[i] = context + index;
        }
        return new SelectionQuery(
                row.sequence,
                row.sparsity.retrieval(),
                chosen,
                positions,
                row.chunk ? context - 1 : context,
                rule,
                rule.needsBlocks() || retriever.needsBlocks()
                        ? kv.blockEnds(step.tokens().sequenceId())
                        : NO_BLOCKS);
    }

    /** The budget of a chunk holds its sink and recent tokens at least. */
    private SelectionRule rule(Row row) {
        Sparsity policy = row.sparsity.policy();
        int budget = row.chunk
                ? Math.max(settings.prefill().budget(), policy.sink() + policy.recent())
                : row.sparsity.gate().budget(policy.budget());
        if (row.sparsity.isPartial()) {
            return partialRule(row, budget);
        }
        return rule(unit(policy), budget, policy, policy.residency());
    }

    /** What is chosen has to come first: so whole blocks are chosen, and of a decode row's blocks the tokens that count. */
    private SelectionRule partialRule(Row row, int budget) {
        int tokens = Math.max(budget, row.sparsity.residency().tokens());
        return row.chunk
                ? rule(SelectionRule.Unit.BLOCKS, tokens, row.sparsity.policy(), tokens)
                : rule(SelectionRule.Unit.TWO_LEVEL, budget, row.sparsity.policy(), tokens);
    }

    private SelectionRule rule(SelectionRule.Unit unit, int budget, Sparsity policy, int residency) {
        return new SelectionRule(
                unit,
                budget,
                policy.sink(),
                policy.recent(),
                Math.max(budget, residency),
                settings.heads(),
                settings.pooling());
    }

    private SelectionRule.Unit unit(Sparsity policy) {
        return switch (policy.mode()) {
            case AUTO -> automatic;
            case TOKENS -> SelectionRule.Unit.TOKENS;
            case BLOCKS -> SelectionRule.Unit.BLOCKS;
            case TWO_LEVEL -> SelectionRule.Unit.TWO_LEVEL;
            case DENSE -> throw new IllegalArgumentException("dense rows have no selection");
        };
    }

    private void attend(List<Row> rows, StepPlan plan, int reused, long begin) {
        List<Selection> parts = new ArrayList<>();
        List<Integer> sequences = new ArrayList<>();
        int chunks = 0;
        for (Row row : rows) {
            if (row.selection != null) {
                if (row.sparsity.isPartial()) {
                    row.sparsity.residency().bring(row.selection.onHost());
                }
                parts.add(row.selection);
                sequences.add(row.sequence);
                kv.becomeApproximate(plan.sequences().get(row.sequence).tokens().sequenceId());
                if (row.chunk) {
                    chunks++;
                } else {
                    row.sparsity.countSparse(row.selection.meanMass(0));
                }
            }
        }
        if (!parts.isEmpty()) {
            pool.select(
                    Selection.joined(parts),
                    sequences.stream().mapToInt(Integer::intValue).toArray(),
                    groupOfLayer,
                    settings.firstDenseLayers());
        }
        listener.selected(parts.size() - chunks, reused, chunks, nanoClock.getAsLong() - begin);
    }

    private void fallBack(SequenceSparsity sparsity, FallbackCause cause) {
        sparsity.countFallback();
        listener.fellBack(cause);
    }

    @Override
    public void observe(StepPlan plan, StepSlots slots, FloatBuffer features) {
        long begin = nanoClock.getAsLong();
        List<Observation> observed = new ArrayList<>();
        for (int s = 0; s < slots.sequences(); s++) {
            StepPlan.SequenceStep step = plan.sequences().get(s);
            int next = slots.contextLength(s) + slots.queryLength(s);
            observed.add(observation(s, step.tokens().tokens(), step.sparsity(), next));
        }
        retriever.observe(slots, observed, features);
        for (Observation each : observed) {
            int next = slots.contextLength(each.sequence()) + slots.queryLength(each.sequence());
            kv.completeUpTo(
                    plan.sequences().get(each.sequence()).tokens().sequenceId(),
                    next - each.state().pendingTokens());
        }
        listener.observed(slots.rows(), nanoClock.getAsLong() - begin);
    }

    private Observation observation(int sequence, int[] tokens, Optional<SequenceSparsity> found, int next) {
        if (found.isEmpty()) { // nothing can be kept of it
            return new Observation(sequence, new RetrievalState(), tokens, false, 0);
        }
        Sparsity policy = found.get().policy();
        int unscored = policy.mode() == SparsityMode.DENSE ? Integer.MAX_VALUE : policy.recent() - 1;
        boolean mayChoose = found.get().isPartial() || mayChoose(policy, next);
        return new Observation(sequence, found.get().retrieval(), tokens, mayChoose, unscored);
    }

    /** Whether the row at {@code position}, as a decode row or as the first of a chunk, may want a selection. */
    private boolean mayChoose(Sparsity policy, int position) {
        return policy.mode() != SparsityMode.DENSE
                && (policy.applies(position + 1) || settings.prefill().applies(position));
    }
}
