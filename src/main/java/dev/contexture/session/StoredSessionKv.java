package dev.contexture.session;

import dev.contexture.kv.BlockSpan;
import dev.contexture.kv.KvCache;
import dev.contexture.kv.PrefixKey;
import dev.contexture.kv.tier.BlockCoder;
import dev.contexture.kv.tier.BlockPart;
import dev.contexture.kv.tier.Owner;
import dev.contexture.kv.tier.RemoteTier;
import dev.contexture.kv.tier.TierKey;
import dev.contexture.kv.tier.TierStats;
import dev.contexture.kv.tier.TierUse;
import dev.contexture.kv.tier.TieredKvStore;
import dev.contexture.scheduler.LoopCalls;
import dev.contexture.scheduler.TierTraffic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/** {@link SessionKv} over the step loop's own pool and tiers. */
public final class StoredSessionKv implements SessionKv {
    /** Of the time to live, between two renewals. */
    private static final int RENEWALS = 4;

    private static final int RENEWED_AT_ONCE = 1_000;
    private static final int MOST_RENEWED = 10_000;

    private final LoopCalls loop;
    private final Parts parts;
    private final KvCache kv;
    private final TieredKvStore store;
    private final BlockCoder coder;
    private final TierScopes scopes;
    private final Scheduler eventThreads;
    /** When sessions' values were renewed by this process; used by the loop's thread only. */
    private final LinkedHashMap<Owner, Long> renewed = new LinkedHashMap<>();

    /**
     * What the loop's thread alone uses, but for the tier.
     *
     * @param traffic which knows what is still to be stored, and what the last steps selected
     * @param remote where values have a time to live
     * @param nanos a monotonic clock
     */
    public record Parts(
            KvCache kv,
            TieredKvStore store,
            BlockCoder coder,
            TierTraffic traffic,
            RemoteTier remote,
            Duration timeToLive,
            LongSupplier nanos) {}

    /**
     * @param eventThreads where answers are worked on: the loop's thread only gives them
     */
    public StoredSessionKv(LoopCalls loop, Parts parts, TierScopes scopes, Scheduler eventThreads) {
        this.loop = loop;
        this.parts = parts;
        this.kv = parts.kv;
        this.store = parts.store;
        this.coder = parts.coder;
        this.scopes = scopes;
        this.eventThreads = eventThreads;
    }

    private <T> Mono<T> ask(Supplier<T> question) {
        return Mono.fromFuture(() -> loop.ask(question)).publishOn(eventThreads);
    }

    private List<BlockSpan> cut(String tenant, Session session) {
        return kv.cut(session.tokens(), GenerationRequest.prefixSalt(tenant, ""))
                .from(0);
    }

    @Override
    public Mono<Map<String, TierUsage>> usage(String tenant, Session session) {
        TierUse use = scopes.of(tenant, session);
        return ask(() -> {
            long deviceBytes = 0;
            int deviceBlocks = 0;
            for (BlockSpan block : cut(tenant, session)) {
                if (kv.locate(block).isPresent()) {
                    deviceBlocks++;
                    deviceBytes += block.tokens() * kv.bytesPerToken();
                }
            }
            TierStats.Usage host = store.usage(use.owner());
            Map<String, TierUsage> usage = new LinkedHashMap<>();
            usage.put("device", new TierUsage(deviceBytes, deviceBlocks));
            usage.put("host", new TierUsage(host.occupiedBytes(), host.values()));
            TierStats.Usage remote = store.remoteUsage(use.owner());
            usage.put("redis", new TierUsage(remote.occupiedBytes(), remote.values()));
            return usage;
        });
    }

    @Override
    public Mono<List<Block>> blocks(String tenant, Session session) {
        TierUse use = scopes.of(tenant, session);
        BlockPart part = coder.parts().getFirst();
        return ask(() -> {
            List<Block> blocks = new ArrayList<>();
            for (BlockSpan span : cut(tenant, session)) {
                List<String> tiers = new ArrayList<>();
                if (kv.locate(span).isPresent()) {
                    tiers.add("device");
                }
                TierKey exact = use.key(use.name(span.key(), true), part);
                TierKey own = use.key(use.name(span.key(), false), part);
                if (store.isNear(exact) || store.isNear(own)) {
                    tiers.add("host");
                }
                if (store.isWritten(exact) || store.isWritten(own)) {
                    tiers.add("redis");
                }
                blocks.add(new Block(
                        span.begin(), span.end(), tiers, parts.traffic.scores().of(use.owner(), span.begin())));
            }
            return blocks;
        });
    }

    @Override
    public Mono<Void> erase(String tenant, Session session) {
        TierUse use = scopes.of(tenant, session);
        return ask(() -> {
                    parts.traffic.erase(use.owner());
                    store.erase(use.owner(), keys(tenant, session, use));
                    store.unpinSession(use.owner());
                    return true;
                })
                .then();
    }

    @Override
    public Mono<Void> forget(String tenant, String id) {
        Owner owner = new Owner(scopes.namespace(tenant), id);
        return ask(() -> {
                    parts.traffic.erase(owner);
                    store.erase(owner, List.of());
                    store.unpinSession(owner);
                    return true;
                })
                .then();
    }

    /** Under all names that the session's values may have. */
    private List<TierKey> keys(String tenant, Session session, TierUse use) {
        List<TierKey> keys = new ArrayList<>();
        for (BlockSpan span : cut(tenant, session)) {
            for (boolean exact : new boolean[] {true, false}) {
                PrefixKey name = use.name(span.key(), exact);
                coder.parts().forEach(part -> keys.add(use.key(name, part)));
            }
            keys.add(use.key(use.name(span.key(), false), BlockPart.CARRY));
        }
        return keys;
    }

    @Override
    public Mono<Boolean> eraseTenant(String tenant) {
        String namespace = scopes.namespace(tenant);
        return ask(() -> {
                    parts.traffic.eraseNamespace(namespace);
                    return store.eraseNamespace(namespace);
                })
                .flatMap(Mono::fromCompletionStage)
                .publishOn(eventThreads);
    }

    @Override
    public Mono<Void> pin(String tenant, Session session) {
        TierUse use = scopes.of(tenant, session);
        return ask(() -> {
                    if (session.pinned()) {
                        store.pinSession(use.owner());
                    } else {
                        store.unpinSession(use.owner());
                    }
                    return true;
                })
                .then();
    }

    /** Once per session and part of the time to live: what was written since then lives long enough anyway. */
    @Override
    public Mono<Void> renew(String tenant, Session session) {
        TierUse use = scopes.of(tenant, session);
        return ask(() -> isDue(use.owner()) ? keys(tenant, session, use) : List.<TierKey>of())
                .filter(keys -> !keys.isEmpty())
                .flatMap(keys -> touch(keys)
                        .flatMap(reached -> reached ? Mono.<Long>empty() : ask(() -> renewed.remove(use.owner()))))
                .then();
    }

    /** All of them; whether any was there. */
    private Mono<Boolean> touch(List<TierKey> keys) {
        return Flux.fromIterable(keys)
                .buffer(RENEWED_AT_ONCE)
                .concatMap(some -> Mono.fromCompletionStage(() -> parts.remote.touch(some, parts.timeToLive)))
                .reduce(false, (reached, answers) -> reached || answers.contains(true));
    }

    private boolean isDue(Owner owner) {
        long now = parts.nanos.getAsLong();
        Long before = renewed.get(owner);
        if (before != null && now - before < parts.timeToLive.toNanos() / RENEWALS) {
            return false;
        }
        renewed.put(owner, now);
        if (renewed.size() > MOST_RENEWED) {
            renewed.remove(renewed.firstEntry().getKey());
        }
        return true;
    }

    @Override
    public Mono<Boolean> persisted(String tenant, Session session) {
        TierUse use = scopes.of(tenant, session);
        return ask(() -> store.isRemoteAvailable()
                && !parts.traffic.hasLost(use.owner())
                && store.persisted(use.owner()).lostValues() == 0
                && !store.persisted(use.owner()).lostTrack());
    }
}
