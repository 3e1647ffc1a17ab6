package dev.contexture.session;

import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** Nothing is kept below the pool now; an earlier run may have left something in Redis, which ends with the tenant's salt. */
public final class NoStoredKv implements SessionKv {
    private final Predicate<String> salts;

    /**
     * @param salts erases a tenant's salt, and says whether it is gone for certain; may block
     */
    public NoStoredKv(Predicate<String> salts) {
        this.salts = salts;
    }

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
    public Mono<Void> forget(String tenant, String id) {
        return Mono.empty();
    }

    @Override
    public Mono<Boolean> eraseTenant(String tenant) {
        return Mono.fromCallable(() -> salts.test(tenant)).subscribeOn(Schedulers.boundedElastic());
    }

    @Override
    public Mono<Void> pin(String tenant, Session session) {
        return Mono.empty();
    }

    @Override
    public Mono<Void> renew(String tenant, Session session) {
        return Mono.empty();
    }

    @Override
    public Mono<Boolean> persisted(String tenant, Session session) {
        return Mono.just(true);
    }
}
