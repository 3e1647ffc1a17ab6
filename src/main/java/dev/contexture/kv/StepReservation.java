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

    /** Where the step's rows and their contexts lie. */
    public StepSlots slots() {
        int sequences = requests.size();
        int[] queryLengths = new int[sequences];
        int[] contextLengths = new int[sequences];
        int[] pageOffsets = new int[sequences + 1];
        for (int i = 0; i < sequences; i++) {
            PageTable table = cache.table(requests.get(i).sequenceId());
            queryLengths[i] = requests.get(i).count();
            contextLengths[i] = table.committed();
            pageOffsets[i + 1] = pageOffsets[i] + table.pageCount();
        }
        int[] pages = new int[pageOffsets[sequences]];
        for (int i = 0; i < sequences; i++) {
            cache.table(requests.get(i).sequenceId()).copyPages(pages, pageOffsets[i]);
        }
        return new StepSlots(cache.pageTokens(), queryLengths, contextLengths, pageOffsets, pages);
    }

    /** The tokens are in the pool: from now on they belong to their sequences. */
    public void commit() {
        requireOpen();
        for (SlotRequest request : requests) {
            cache.table(request.sequenceId()).commit(request.tokens(), cache.pool());
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
