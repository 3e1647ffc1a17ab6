package dev.contexture.retrieval;

import dev.contexture.core.Selection;
import dev.contexture.kv.StepSlots;
import dev.contexture.nativelib.NativeRetrievalPool;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * The trained retrieval head on the model's device. Keys are made of every row at once: reading the head's weights costs a device
 * next to nothing, and nothing has to wait. Features leave it only where a sequence ends that may go on later.
 */
public final class DeviceHeadRetriever implements Retriever {
    private final int[] groupOfLayer;
    private final DeviceHead head;
    private final NativeRetrievalPool pool;
    private final DevicePlaces places;

    /**
     * Owns the head, not the pool.
     *
     * @param groupOfLayer the head's layer group of each of the model's layers
     * @param keptTokens last tokens of a sequence whose features are kept: 1, or what {@link #resumable} says where sequences
     *     may go on after they ended
     */
    public DeviceHeadRetriever(List<Integer> groupOfLayer, DeviceHead head, NativeRetrievalPool pool, int keptTokens) {
        this.groupOfLayer = groupOfLayer.stream().mapToInt(Integer::intValue).toArray();
        this.head = head;
        this.pool = pool;
        this.places = new DevicePlaces(head.rows(), keptTokens);
    }

    /** Last tokens to keep for sequences that may go on: their last block may have ended as far back. */
    public static int resumable() {
        return RecentFeatures.KEPT_TOKENS;
    }

    /** Rows of features that a head needs for so many sequences at a time. */
    public static int rows(int sequences, int keptTokens) {
        return Math.multiplyExact(sequences + 1, keptTokens);
    }

    @Override
    public String name() {
        return "head";
    }

    @Override
    public int[] groupOfLayer() {
        return groupOfLayer.clone();
    }

    @Override
    public boolean needsBlocks() {
        return false;
    }

    @Override
    public void prepare(StepSlots slots) {}

    @Override
    public Selection select(List<SelectionQuery> queries, StepSlots slots) {
        pool.setSelect(SelectSteps.of(queries, slots));
        int[] tokens = new int[queries.size()];
        int[] rows = new int[tokens.length];
        int[] ofSequences = new int[tokens.length];
        int[] owners = new int[tokens.length];
        for (int i = 0; i < tokens.length; i++) {
            SelectionQuery query = queries.get(i);
            RetrievalState state = query.state();
            int position = slots.contextLength(query.sequence());
            if (!state.precedes(position)) {
                throw new IllegalStateException(
                        "the token before sequence " + query.sequence() + " of the step was not observed");
            }
            tokens[i] = query.tokens()[0];
            if (state.isGiven()) {
                takeIn(state, position);
            }
            ofSequences[i] = place(state);
            rows[i] = places.row(ofSequences[i], position - 1);
            owners[i] = places.owner(ofSequences[i]);
        }
        return head.select(tokens, rows, ofSequences, owners);
    }

    /** A sequence goes on: what was carried comes to where the head looks for it. */
    private void takeIn(RetrievalState state, int position) {
        if (!hasPlace(state)) {
            throw new IllegalStateException("more sequences run than the retrieval head has places for");
        }
        places.put(place(state), position - 1, position);
        head.write(places.row(place(state), position - 1), state.carried());
        state.carryElsewhere(position);
    }

    /**
     * @param features empty: the device has them
     */
    @Override
    public void observe(StepSlots slots, List<Observation> observed, FloatBuffer features) {
        int rows = slots.rows();
        int[] positions = new int[rows];
        long[] keys = new long[rows];
        IntStream.Builder carriedRows = IntStream.builder();
        IntStream.Builder featureRows = IntStream.builder();
        int row = 0;
        for (Observation each : observed) {
            int begin = slots.contextLength(each.sequence());
            int end = begin + each.tokens().length;
            for (int position = begin; position < end; position++, row++) {
                positions[row] = position;
                keys[row] = slots.slot(each.sequence(), position);
            }
            if (each.mayChoose() && hasPlace(each.state())) {
                int place = place(each.state());
                for (int position : places.put(place, begin, end)) {
                    carriedRows.add(row - end + position);
                    featureRows.add(places.row(place, position));
                }
                each.state().carryElsewhere(end);
            }
        }
        pool.setAppend(positions, keys);
        head.observe(carriedRows.build().toArray(), featureRows.build().toArray());
    }

    /** A sequence that gets none has no query at its next step, and attends to everything. */
    private boolean hasPlace(RetrievalState state) {
        if (state.place() == 0 && !places.isFull()) {
            int place = places.take();
            state.takePlace(
                    new RetrievalState.Place(place, position -> kept(place, position), () -> places.giveBack(place)));
        }
        return state.place() != 0;
    }

    private static int place(RetrievalState state) {
        return Math.toIntExact(state.place());
    }

    private Optional<float[]> kept(int place, int position) {
        return places.has(place, position - 1)
                ? Optional.of(head.read(places.row(place, position - 1)))
                : Optional.empty();
    }

    @Override
    public void close() {
        head.close();
    }
}
