package dev.contexture.kv.tier;

import dev.contexture.kv.tier.Message.LoadOutcome;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;

/** Fetches batches and opens them, on other threads than the step loop's; says what came of it in a message. */
final class RemoteReader {
    private final BlockSealer sealer;
    private final RemoteTier remote;
    private final Executor executor;
    private final Consumer<Message> inbox;

    RemoteReader(BlockSealer sealer, RemoteTier remote, Executor executor, Consumer<Message> inbox) {
        this.sealer = sealer;
        this.remote = remote;
        this.executor = executor;
        this.inbox = inbox;
    }

    /** Returns at once; one message follows, whatever happens. */
    void read(LoadQueue.Batch batch) {
        remote.load(batch.keys()).whenComplete((answers, error) -> {
            if (error != null || answers.size() != batch.names().size()) {
                inbox.accept(unavailable(batch));
                return;
            }
            try {
                executor.execute(() -> inbox.accept(open(batch, answers)));
            } catch (RejectedExecutionException e) {
                inbox.accept(unavailable(batch));
            }
        });
    }

    private Message open(LoadQueue.Batch batch, List<RemoteTier.Loaded> answers) {
        try {
            List<LoadOutcome> outcomes = new ArrayList<>();
            for (int i = 0; i < answers.size(); i++) {
                outcomes.add(open(batch.names().get(i), answers.get(i)));
            }
            return new Message.Fetched(batch, outcomes);
        } catch (RuntimeException e) {
            return unavailable(batch);
        }
    }

    private LoadOutcome open(StoredName name, RemoteTier.Loaded answer) {
        return switch (answer) {
            case RemoteTier.Loaded.Missing missing -> new LoadOutcome.Missing();
            case RemoteTier.Loaded.Unavailable unavailable -> new LoadOutcome.Unavailable();
            case RemoteTier.Loaded.Found found ->
                switch (sealer.open(name, found.value())) {
                    case SealResult.Passed passed -> new LoadOutcome.Opened(passed.bytes(), passed.checksum());
                    case SealResult.Refused refused -> new LoadOutcome.Refused(refused.reason());
                };
        };
    }

    private static Message unavailable(LoadQueue.Batch batch) {
        return new Message.Fetched(batch, Collections.nCopies(batch.names().size(), new LoadOutcome.Unavailable()));
    }
}
