package dev.contexture.kv.tier;

import dev.contexture.kv.tier.Message.WriteOutcome;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;

/** Seals batches and sends them, on other threads than the step loop's; says what came of it in a message. */
final class RemoteWriter {
    private final BlockSealer sealer;
    private final RemoteTier remote;
    private final Duration timeToLive;
    private final Executor executor;
    private final Consumer<Message> inbox;

    /** A value as it was when its batch was made. */
    record Plain(StoredName name, CheckedPayload payload) {}

    RemoteWriter(
            BlockSealer sealer, RemoteTier remote, Duration timeToLive, Executor executor, Consumer<Message> inbox) {
        this.sealer = sealer;
        this.remote = remote;
        this.timeToLive = timeToLive;
        this.executor = executor;
        this.inbox = inbox;
    }

    /** Returns at once; one message follows, whatever happens. */
    void write(WriteQueue.Batch batch, List<Plain> values) {
        try {
            executor.execute(() -> sealAndStore(batch, values));
        } catch (RejectedExecutionException e) {
            inbox.accept(new Message.Written(batch, unavailable(values.size())));
        }
    }

    private void sealAndStore(WriteQueue.Batch batch, List<Plain> values) {
        List<WriteOutcome> outcomes = new ArrayList<>(unavailable(values.size()));
        List<RemoteTier.Entry> entries = new ArrayList<>();
        List<Integer> places = new ArrayList<>();
        try {
            for (int i = 0; i < values.size(); i++) {
                Plain value = values.get(i);
                switch (sealer.seal(value.name, value.payload)) {
                    case SealResult.Refused refused -> outcomes.set(i, new WriteOutcome.NotSealed(refused.reason()));
                    case SealResult.Passed sealed -> {
                        entries.add(new RemoteTier.Entry(value.name.key(), sealed.bytes()));
                        places.add(i);
                    }
                }
            }
            remote.store(entries, timeToLive).whenComplete((answers, error) -> {
                if (error == null && answers.size() == places.size()) {
                    for (int i = 0; i < places.size(); i++) {
                        outcomes.set(places.get(i), new WriteOutcome.Answered(answers.get(i)));
                    }
                }
                inbox.accept(new Message.Written(batch, outcomes));
            });
        } catch (RuntimeException e) {
            inbox.accept(new Message.Written(batch, unavailable(values.size())));
        }
    }

    private static List<WriteOutcome> unavailable(int count) {
        return Collections.nCopies(count, new WriteOutcome.Answered(RemoteTier.Stored.UNAVAILABLE));
    }
}
