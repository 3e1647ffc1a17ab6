package dev.contexture.kv.tier;

import java.nio.ByteBuffer;
import java.util.List;

/** What other threads have to say to the store; it listens once per turn. */
sealed interface Message {
    /**
     * A batch of writes is over.
     *
     * @param outcomes one per value of the batch
     */
    record Written(WriteQueue.Batch batch, List<WriteOutcome> outcomes) implements Message {}

    /**
     * A batch of loads is over.
     *
     * @param outcomes one per request of the batch
     */
    record Fetched(LoadQueue.Batch batch, List<LoadOutcome> outcomes) implements Message {}

    /** The remote tier removed what it was asked to, or could not. */
    record Removed(boolean done) implements Message {}

    /** A tenant's salt is gone, or could not be erased. */
    record SaltErased(String namespace, boolean done) implements Message {}

    sealed interface WriteOutcome {
        record Answered(RemoteTier.Stored stored) implements WriteOutcome {}

        record NotSealed(RefusalReason reason) implements WriteOutcome {}
    }

    sealed interface LoadOutcome {
        record Opened(ByteBuffer payload, int checksum) implements LoadOutcome {}

        record Missing() implements LoadOutcome {}

        record Refused(RefusalReason reason) implements LoadOutcome {}

        record Unavailable() implements LoadOutcome {}
    }
}
