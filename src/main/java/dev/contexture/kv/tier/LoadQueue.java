package dev.contexture.kv.tier;

import dev.contexture.kv.tier.LoadResult.Outcome;
import dev.contexture.kv.tier.Message.LoadOutcome;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.function.Predicate;

/** Values that were asked for and are not in host memory yet: each is asked for once, whoever wants it. */
final class LoadQueue {
    private final LoadSettings settings;
    private final HostTier host;
    private final RemoteTier remote;
    private final RemoteReader reader;
    private final Removals removals;
    private final Erasures erasures;
    private final Counters counters;
    private final LongSupplier nanos;
    private final Map<TierKey, Request> requests = new HashMap<>();
    /** A request whose priority was raised lies in several; only the place of its present priority counts. */
    private final Map<LoadPriority, ArrayDeque<Request>> waiting = new EnumMap<>(LoadPriority.class);

    private final List<LoadResult> results = new ArrayList<>();
    private int waitingValues;
    private int batchesUnderWay;

    private static final class Request {
        private final Wanted wanted;
        private final Set<Owner> owners = new LinkedHashSet<>();
        private LoadPriority priority;
        private boolean sent;

        private Request(Wanted wanted, LoadPriority priority) {
            this.wanted = wanted;
            this.priority = priority;
        }

        private TierKey key() {
            return wanted.name().key();
        }
    }

    /** Values that are fetched by one call. */
    record Batch(List<Request> requests, List<StoredName> names, long startedNanos) {
        List<TierKey> keys() {
            return names.stream().map(StoredName::key).toList();
        }
    }

    LoadQueue(
            LoadSettings settings,
            HostTier host,
            RemoteTier remote,
            RemoteReader reader,
            Removals removals,
            Erasures erasures,
            Counters counters,
            LongSupplier nanos) {
        this.settings = settings;
        this.host = host;
        this.remote = remote;
        this.reader = reader;
        this.removals = removals;
        this.erasures = erasures;
        this.counters = counters;
        this.nanos = nanos;
        for (LoadPriority priority : LoadPriority.values()) {
            waiting.put(priority, new ArrayDeque<>());
        }
    }

    boolean isPending(TierKey key) {
        return requests.containsKey(key);
    }

    int waitingValues() {
        return waitingValues;
    }

    int size() {
        return requests.size();
    }

    void add(Owner owner, LoadPriority priority, Wanted wanted) {
        TierKey key = wanted.name().key();
        Request known = requests.get(key);
        if (known != null) {
            join(known, owner);
            raise(known, priority);
        } else if (removals.isPending(key) || erasures.isErasing(key.scope().namespace())) {
            answer(key, Outcome.MISSING);
        } else if (waitingValues >= settings.queuedValues()) {
            answer(key, Outcome.DROPPED);
        } else {
            Request request = new Request(wanted, priority);
            join(request, owner);
            requests.put(key, request);
            waiting(priority).add(request);
            waitingValues++;
        }
    }

    private ArrayDeque<Request> waiting(LoadPriority priority) {
        return Objects.requireNonNull(waiting.get(priority));
    }

    private static void join(Request request, Owner owner) {
        if (request.owners.size() < HostValue.MOST_OWNERS) {
            request.owners.add(owner);
        }
    }

    private void raise(Request request, LoadPriority priority) {
        if (!request.sent && priority.compareTo(request.priority) < 0) {
            request.priority = priority;
            waiting(priority).add(request);
        }
    }

    private void answer(TierKey key, Outcome outcome) {
        counters.loaded(outcome);
        results.add(new LoadResult(key, outcome));
    }

    /** Sends as many batches as may be under way. */
    void pump() {
        boolean available = remote.state() == RemoteTier.State.AVAILABLE;
        while (waitingValues > 0 && (batchesUnderWay < settings.batches() || !available)) {
            List<Request> batch = nextBatch();
            if (batch.isEmpty()) {
                throw new IllegalStateException(waitingValues + " values should wait but none does");
            }
            if (available) {
                send(batch);
            } else {
                batch.forEach(request -> {
                    requests.remove(request.key());
                    answer(request.key(), Outcome.UNAVAILABLE);
                });
            }
        }
    }

    private List<Request> nextBatch() {
        List<Request> batch = new ArrayList<>();
        for (LoadPriority priority : LoadPriority.values()) {
            ArrayDeque<Request> queue = waiting(priority);
            while (!queue.isEmpty() && batch.size() < settings.batchValues()) {
                Request request = queue.removeFirst();
                if (!request.sent && request.priority == priority && isWanted(request)) {
                    request.sent = true;
                    waitingValues--;
                    batch.add(request);
                }
            }
        }
        return batch;
    }

    private boolean isWanted(Request request) {
        return requests.get(request.key()) == request;
    }

    private void send(List<Request> requests) {
        Batch batch =
                new Batch(requests, requests.stream().map(r -> r.wanted.name()).toList(), nanos.getAsLong());
        batchesUnderWay++;
        erasures.began(batch.keys());
        reader.read(batch);
    }

    void done(Message.Fetched message) {
        batchesUnderWay--;
        Batch batch = message.batch();
        long bytes = 0;
        int found = 0;
        for (int i = 0; i < batch.requests.size(); i++) {
            LoadOutcome outcome = message.outcomes().get(i);
            if (outcome instanceof LoadOutcome.Opened opened) {
                found++;
                bytes += opened.payload().remaining();
            }
            if (outcome instanceof LoadOutcome.Refused refused) {
                counters.refused(refused.reason());
            }
            Request request = batch.requests.get(i);
            // Nobody wants any more what was erased meanwhile.
            if (requests.remove(request.key(), request)) {
                answer(request.key(), take(request, outcome));
            }
        }
        erasures.ended(batch.keys());
        counters.moved(TierStats.Direction.REMOTE_LOAD, found, bytes, nanos.getAsLong() - batch.startedNanos);
    }

    private Outcome take(Request request, LoadOutcome outcome) {
        return switch (outcome) {
            case LoadOutcome.Opened opened -> keep(request, opened);
            case LoadOutcome.Missing missing -> Outcome.MISSING;
            case LoadOutcome.Unavailable unavailable -> Outcome.UNAVAILABLE;
            case LoadOutcome.Refused refused ->
                refused.reason() == RefusalReason.SALT_UNAVAILABLE ? Outcome.UNAVAILABLE : Outcome.REFUSED;
        };
    }

    private Outcome keep(Request request, LoadOutcome.Opened opened) {
        HostValue value = host.find(request.key());
        for (Owner owner : request.owners) {
            if (value == null) {
                value = host.add(
                        request.wanted.name(),
                        request.wanted.firstToken(),
                        MemorySegment.ofBuffer(opened.payload()),
                        opened.checksum(),
                        owner,
                        HostValue.Copy.HELD);
            } else {
                host.use(value, owner);
            }
        }
        return value == null ? Outcome.NO_ROOM : Outcome.FOUND;
    }

    /** Those for whom the test holds want nothing any more; what only they wanted is not kept when it comes. */
    void forget(Predicate<Owner> test) {
        requests.values().removeIf(request -> {
            boolean forgotten = request.owners.removeIf(test) && request.owners.isEmpty();
            if (forgotten && !request.sent) {
                waitingValues--;
            }
            return forgotten;
        });
        waiting.values().forEach(queue -> queue.removeIf(request -> !isWanted(request)));
    }

    /** The value is being removed: who waits for it waits in vain. */
    void miss(TierKey key) {
        Request request = requests.remove(key);
        if (request != null) {
            waitingValues -= request.sent ? 0 : 1;
            answer(key, Outcome.MISSING);
        }
    }

    /** What came of values since the last call. */
    List<LoadResult> drainResults() {
        List<LoadResult> drained = List.copyOf(results);
        results.clear();
        return drained;
    }
}
