package dev.contexture.retrieval;

import dev.contexture.core.Selection;
import dev.contexture.kv.StepSlots;
import dev.contexture.nativelib.NativeRetrievalPool;
import java.nio.FloatBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The trained retrieval head on the model's device. Keys are made of every row at once: reading the head's weights costs a device
 * next to nothing, and nothing has to wait. Features never leave it.
 */
public final class DeviceHeadRetriever implements Retriever {
    private final int[] groupOfLayer;
    private final DeviceHead head;
    private final NativeRetrievalPool pool;
    /** Places that no sequence has. The first is nobody's: a state says 0 for none. */
    private final Deque<Integer> freePlaces = new ArrayDeque<>();

    private final int[] ownerOfPlace;
    private int owners;

    /**
     * Owns the head, not the pool.
     *
     * @param groupOfLayer the head's layer group of each of the model's layers
     */
    public DeviceHeadRetriever(List<Integer> groupOfLayer, DeviceHead head, NativeRetrievalPool pool) {
        this.groupOfLayer = groupOfLayer.stream().mapToInt(Integer::intValue).toArray();
        this.head = head;
        this.pool = pool;
        this.ownerOfPlace = new int[head.places()];
        IntStream.range(1, head.places()).forEach(freePlaces::add);
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
        int[] places = new int[tokens.length];
        int[] ownersOfPlaces = new int[tokens.length];
        for (int i = 0; i < tokens.length; i++) {
            SelectionQuery query = queries.get(i);
            if (!query.state().precedes(slots.contextLength(query.sequence()))) {
                throw new IllegalStateException(
                        "the token before sequence " + query.sequence() + " of the step was not observed");
            }
            tokens[i] = query.tokens()[0];
            places[i] = Math.toIntExact(query.state().kept());
            ownersOfPlaces[i] = ownerOfPlace[places[i]];
        }
        return head.select(tokens, places, ownersOfPlaces);
    }

    /**
     * @param features empty: the device has them
     */
    @Override
    public void observe(StepSlots slots, List<Observation> observed, FloatBuffer features) {
        int rows = slots.rows();
        int[] positions = new int[rows];
        long[] places = new long[rows];
        IntStream.Builder carriedRows = IntStream.builder();
        IntStream.Builder carriedPlaces = IntStream.builder();
        int row = 0;
        for (Observation each : observed) {
            int begin = slots.contextLength(each.sequence());
            int end = begin + each.tokens().length;
            for (int position = begin; position < end; position++, row++) {
                positions[row] = position;
                places[row] = slots.slot(each.sequence(), position);
            }
            if (each.mayChoose() && hasPlace(each.state())) {
                carriedRows.add(row - 1);
                carriedPlaces.add(Math.toIntExact(each.state().kept()));
                each.state().carryElsewhere(end);
            }
        }
        pool.setAppend(positions, places);
        head.observe(carriedRows.build().toArray(), carriedPlaces.build().toArray());
    }

    /** A sequence that gets none has no query at its next step, and attends to everything. */
    private boolean hasPlace(RetrievalState state) {
        if (state.kept() == 0 && !freePlaces.isEmpty()) {
            int place = freePlaces.remove();
            ownerOfPlace[place] = ++owners;
            state.keep(place, () -> freePlaces.add(place));
        }
        return state.kept() != 0;
    }

    @Override
    public void close() {
        head.close();
    }
}
