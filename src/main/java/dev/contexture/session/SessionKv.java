package dev.contexture.session;

import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import reactor.core.publisher.Mono;

/** What of sessions lies in the KV pool and the tiers below it. */
public interface SessionKv {
    /**
     * What a session has in a tier.
     *
     * @param values parts of blocks
     */
    record TierUsage(long bytes, int values) {}

    /**
     * A block of a session.
     *
     * @param begin first token
     * @param end behind its last
     * @param tiers where it is, as far as is known without asking anybody
     * @param lastScore share of the last step's selections that named a token of it; empty if that is not known
     */
    record Block(int begin, int end, List<String> tiers, OptionalDouble lastScore) {
        public Block {
            tiers = List.copyOf(tiers);
        }
    }

    /** By tier. */
    Mono<Map<String, TierUsage>> usage(String tenant, Session session);

    Mono<List<Block>> blocks(String tenant, Session session);

    /** Forgets what the session has stored, in every tier. */
    Mono<Void> erase(String tenant, Session session);

    /** The same for a session of which no more than the id is known: what this process knows of it. */
    Mono<Void> forget(String tenant, String id);

    /**
     * Forgets everything that the tenant has stored, wherever copies of it lie, by the salt that its key derives from.
     *
     * @return whether the salt is gone for certain
     */
    Mono<Boolean> eraseTenant(String tenant);

    /** Keeps the session's blocks in host memory, or lets them go, as it says. */
    Mono<Void> pin(String tenant, Session session);

    /** The session was used: what it has stored begins its time to live anew, if much of that has passed. */
    Mono<Void> renew(String tenant, Session session);

    /** Whether nothing that the session stored is known to be lost with this process. */
    Mono<Boolean> persisted(String tenant, Session session);
}
