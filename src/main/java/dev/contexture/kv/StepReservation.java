package dev.contexture.kv;

import java.util.List;

/**
 * The slots of one step, in the form that the native pool wants. Closing without {@link #commit} gives every page back
 * that was taken for the step.
 */
public final class StepReservation implements AutoCloseable {
    private final KvCache cache;
    private final List<SlotRequest> requests;
    private final int[] pagesBefore;
    private boolean open = true;

    StepReservation(KvCache cache, List<SlotRequest> requests) {
        this.cache = cache;
        this.requests = List.copyOf(requests);
        this.pagesBefore = new int[requests.size()];
        for (int i = 0; i < requests.size(); i++) {
            PageTable table = cache.table(requests.get(i).sequenceId());
            pagesBefore[i] = table.pageCount();
            for (int missing = table.missingPages(requests.get(i).count()); missing > 0; missing--) {
                table.append(cache.pool().take());
            }
        }
    }

    public int[] queryLengths() {
        return requests.stream().mapToInt(SlotRequest::count).toArray();
    }

    public int[] contextLengths() {
        return requests.stream()
                .mapToInt(r -> cache.table(r.sequenceId()).committed())
                .toArray();
    }

    /** Where each sequence's pages begin in {@link #pages}; one more entry than sequences. */
    public int[] pageOffsets() {
        int[] offsets = new int[requests.size() + 1];
        for (int i = 0; i < requests.size(); i++) {
            offsets[i + 1] =
                    offsets[i] + cache.table(requests.get(i).sequenceId()).pageCount();
        }
        return offsets;
    }

    public int[] pages() {
        return requests.stream()
                .flatMapToInt(
                        r -> java.util.Arrays.stream(cache.table(r.sequenceId()).pages()))
                .toArray();
    }

    /** The tokens are in the pool: from now on they belong to their sequences. */
    public void commit() {
        requireOpen();
        for (SlotRequest request : requests) {
            cache.table(request.sequenceId()).commit(request.tokens(), cache.pool()::remember);
        }
        open = false;
    }

    @Override
    public void close() {
        if (!open) {
            return;
        }
        for (int i = requests.size() - 1; i >= 0; i--) {
            PageTable table = cache.table(requests.get(i).sequenceId());
            while (table.pageCount() > pagesBefore[i]) {
                cache.pool().release(table.removeLast());
            }
        }
        open = false;
    }

    private void requireOpen() {
        if (!open) {
            throw new IllegalStateException("the reservation is closed");
        }
    }
}
