package dev.contexture.session;

import java.util.List;
import java.util.Map;
import reactor.core.publisher.Mono;

/** What of sessions lies in the KV pool and the tiers below it. */
public interface SessionKv {
    /** Nothing is kept below the pool. */
    SessionKv NONE = new SessionKv() {
        @Override
        public Mono<Map<String, TierUsage>> usage(String tenant, Session session) {
            return Mono.just(Map.of());
        }

        @Override
        public Mono<List<Block>> blocks(String tenant, Session session) {
            return Mono.just(List.of());
        }

        @Override
        public Mono<Void> erase(String tenant, Session session) {
            return Mono.empty();
        }

        @Override
        public Mono<Void> pin(String tenant, Session session) {
            return Mono.empty();
        }

        @Override
        public Mono<Boolean> persisted(String tenant, Session session) {
            return Mono.just(true);
        }
    };

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
     */
    record Block(int begin, int end, List<String> tiers) {
        public Block {
            tiers = List.copyOf(tiers);
        }
    }

    /** By tier. */
    Mono<Map<String, TierUsage>> usage(String tenant, Session session);

    Mono<List<Block>> blocks(String tenant, Session session);

    /** Forgets what the session has stored, in every tier. */
    Mono<Void> erase(String tenant, Session session);

    /** Keeps the session's blocks in host memory, or lets them go, as it says. */
    Mono<Void> pin(String tenant, Session session);

    /** Whether nothing that the session stored is known to be lost with this process. */
    Mono<Boolean> persisted(String tenant, Session session);
}
