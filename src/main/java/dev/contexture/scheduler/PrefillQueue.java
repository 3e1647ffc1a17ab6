package dev.contexture.scheduler;

import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Sequences that wait for admission. Tenants are served in turn, each tenant's sequences in order of arrival; preempted
 * sequences come before all others, as work has gone into them.
 */
final class PrefillQueue {
    private final ArrayDeque<Sequence> preempted = new ArrayDeque<>();
    private final LinkedHashMap<String, ArrayDeque<Sequence>> byTenant = new LinkedHashMap<>();

    void add(Sequence sequence) {
        byTenant.computeIfAbsent(sequence.request().tenant(), tenant -> new ArrayDeque<>())
                .add(sequence);
    }

    void addPreempted(Sequence sequence) {
        preempted.addFirst(sequence);
    }

    /** The sequence that should be admitted next; stays in the queue. */
    Optional<Sequence> peek() {
        if (!preempted.isEmpty()) {
            return Optional.of(preempted.getFirst());
        }
        for (ArrayDeque<Sequence> sequences : byTenant.values()) {
            for (Sequence sequence : sequences) {
                if (sequence.isReady()) {
                    return Optional.of(sequence);
                }
            }
        }
        return Optional.empty();
    }

    /** Takes out what {@link #peek} gave; its tenant goes to the end of the row. */
    void remove(Sequence sequence) {
        if (preempted.remove(sequence)) {
            return;
        }
        String tenant = sequence.request().tenant();
        ArrayDeque<Sequence> sequences = byTenant.remove(tenant);
        if (sequences == null || !sequences.remove(sequence)) {
            throw new IllegalStateException("sequence " + sequence.id() + " is not queued");
        }
        if (!sequences.isEmpty()) {
            byTenant.put(tenant, sequences);
        }
    }

    boolean isEmpty() {
        return preempted.isEmpty() && byTenant.isEmpty();
    }

    /** Takes out every sequence that is to end. */
    void removeLeaving(Consumer<Sequence> removed) {
        removeLeaving(preempted.iterator(), removed);
        for (Iterator<Map.Entry<String, ArrayDeque<Sequence>>> tenants =
                        byTenant.entrySet().iterator();
                tenants.hasNext(); ) {
            ArrayDeque<Sequence> sequences = tenants.next().getValue();
            removeLeaving(sequences.iterator(), removed);
            if (sequences.isEmpty()) {
                tenants.remove();
            }
        }
    }

    void cancelAll(CancelCause cause) {
        preempted.forEach(sequence -> sequence.cancel(cause));
        byTenant.values().forEach(sequences -> sequences.forEach(sequence -> sequence.cancel(cause)));
    }

    private static void removeLeaving(Iterator<Sequence> sequences, Consumer<Sequence> removed) {
        while (sequences.hasNext()) {
            Sequence sequence = sequences.next();
            if (sequence.isLeaving()) {
                sequences.remove();
                removed.accept(sequence);
            }
        }
    }
}
