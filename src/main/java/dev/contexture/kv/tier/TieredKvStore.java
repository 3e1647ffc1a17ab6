package dev.contexture.kv.tier;

import dev.contexture.kv.tier.HostValue.Copy;
import dev.contexture.kv.tier.TierStats.Direction;
import dev.contexture.kv.tier.TierStats.Usage;
import dev.contexture.kv.tier.TierStats.WriteEvent;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * The tiers below the device as one: host memory, and behind it the remote tier. Demotion is eviction from host memory of what
 * the remote tier holds; promotion is what {@link #prefetch} brings back.
 *
 * <p>Everything here is called by the step loop's thread and returns at once, but {@link #flush}. What other threads did arrives as
 * messages, which {@link #drainCompleted} takes in once per turn; there is never more than one message per batch that is
 * under way. A value that came in a turn stays at least until the next one.
 */
public final class TieredKvStore {
    /** How long {@link #flush} waits for a message before it looks at the clock again. */
    private static final long PATIENCE_NANOS = 20_000_000;

    private final LinkedBlockingQueue<Message> inbox = new LinkedBlockingQueue<>();
    private final Counters counters = new Counters();
    private final LongSupplier nanos;
    private final RemoteTier remote;
    private final HostTier host;
    private final Erasures erasures;
    private final Removals removals;
    private final WriteQueue writes;
    private final LoadQueue loads;

    /**
     * What the store is made of; it closes none of it.
     *
     * @param memory for host memory; used from its beginning on, as far as needed
     * @param executor where values are sealed and opened, never the step loop's thread
     * @param nanos a monotonic clock
     */
    public record Parts(
            MemorySegment memory, RemoteTier remote, BlockSealer sealer, Executor executor, LongSupplier nanos) {}

    public TieredKvStore(StoreSettings settings, Parts parts) {
        WriteSettings write = settings.writes();
        nanos = parts.nanos;
        remote = parts.remote;
        host = new HostTier(parts.memory, settings.host(), write.lostKeys());
        erasures = new Erasures(parts.sealer, parts.executor, inbox::add);
        removals = new Removals(remote, inbox::add, counters, new Backoff(write.retryDelay(), nanos));
        RemoteWriter writer = new RemoteWriter(parts.sealer, remote, write.timeToLive(), parts.executor, inbox::add);
        writes = new WriteQueue(write, host, remote, writer, removals, erasures, counters, nanos);
        RemoteReader reader = new RemoteReader(parts.sealer, remote, parts.executor, inbox::add);
        loads = new LoadQueue(settings.loads(), host, remote, reader, removals, erasures, counters, nanos);
    }

    /**
     * Keeps values, and has them written. Those that are known already are the owner's too from now on; their bytes are the same.
     *
     * @return values that there was no room for
     */
    public int put(Owner owner, List<NewValue> values) {
        long started = nanos.getAsLong();
        int refused = 0;
        int kept = 0;
        long bytes = 0;
        for (NewValue value : values) {
            requireOwn(owner, value.name().key());
            HostValue known = host.find(value.name().key());
            if (erasures.isErasing(owner.namespace())) {
                refused++;
            } else if (known != null) {
                host.use(known, owner);
                writeAgain(known);
            } else if (keep(owner, value)) {
                kept++;
                bytes += value.payload().byteSize();
            } else {
                refused++;
            }
        }
        counters.putWithoutRoom += refused;
        counters.moved(Direction.HOST_STORE, kept, bytes, nanos.getAsLong() - started);
        return refused;
    }

    private static void requireOwn(Owner owner, TierKey key) {
        if (!key.scope().namespace().equals(owner.namespace())) {
            throw new IllegalArgumentException("a value of namespace "
                    + key.scope().namespace() + " cannot be one of namespace " + owner.namespace());
        }
    }

    private boolean keep(Owner owner, NewValue value) {
        MemorySegment payload = value.payload();
        Copy copy = writes.hasRoom(payload.byteSize()) ? Copy.WAITING : Copy.GIVEN_UP;
        int checksum = CheckedPayload.checksumOf(payload.asByteBuffer());
        HostValue kept = host.add(value.name(), value.firstToken(), payload, checksum, owner, copy);
        if (kept == null) {
            host.lost(owner, value.name().key());
            return false;
        }
        if (copy == Copy.WAITING) {
            removals.cancel(kept.key());
            writes.add(kept);
        } else {
            counters.wrote(WriteEvent.DROPPED);
        }
        return true;
    }

    private void writeAgain(HostValue value) {
        if (value.copy == Copy.GIVEN_UP && writes.hasRoom(value.bytes)) {
            host.accounts().setCopy(value, Copy.WAITING);
            removals.cancel(value.key());
            writes.add(value);
        }
    }

    public TierLookup lookup(TierKey key) {
        TierLookup lookup = find(key);
        counters.lookedUp(lookup);
        return lookup;
    }

    /** Whether a value is in host memory; not counted as a lookup. */
    public boolean isNear(TierKey key) {
        return host.find(key) != null;
    }

    private TierLookup find(TierKey key) {
        if (host.find(key) != null) {
            return TierLookup.HIT;
        }
        if (loads.isPending(key)) {
            return TierLookup.PENDING;
        }
        return remote.state() == RemoteTier.State.AVAILABLE ? TierLookup.MISS : TierLookup.UNAVAILABLE;
    }

    /**
     * Has values brought into host memory that are not there. Each of those has a result in a later {@link #drainCompleted}, unless it
     * is erased before; a value that is asked for again meanwhile has one result.
     */
    public void prefetch(Owner owner, LoadPriority priority, List<Wanted> values) {
        for (Wanted value : values) {
            TierKey key = value.name().key();
            requireOwn(owner, key);
            HostValue known = host.find(key);
            if (known != null) {
                host.use(known, owner);
            } else {
                loads.add(owner, priority, value);
            }
        }
    }

    /** Keeps a value in host memory as long as it is needed; empty if it is not there. */
    public Optional<HostPin> pin(TierKey key, Owner owner) {
        requireOwn(owner, key);
        HostValue value = host.find(key);
        if (value == null) {
            return Optional.empty();
        }
        host.use(value, owner);
        host.retain(value);
        return Optional.of(new HostPin(this, value));
    }

    boolean read(HostValue value, MemorySegment target) {
        long started = nanos.getAsLong();
        boolean intact = host.read(value, target);
        if (intact) {
            counters.moved(Direction.HOST_LOAD, 1, value.bytes, nanos.getAsLong() - started);
        } else {
            counters.refused(RefusalReason.CHECKSUM);
            host.remove(value);
        }
        return intact;
    }

    void release(HostValue value) {
        host.release(value);
    }

    /**
     * Takes in what other threads have done and gives them more to do; to be called once per turn.
     *
     * @return what came of values that {@link #prefetch} asked for
     */
    public List<LoadResult> drainCompleted() {
        return turn(false);
    }

    private List<LoadResult> turn(boolean hurry) {
        host.beginTurn();
        // What arrives from here on is for the next turn.
        for (int messages = inbox.size(); messages > 0; messages--) {
            handle(inbox.remove());
        }
        removals.pump();
        writes.pump(hurry);
        loads.pump();
        return loads.drainResults();
    }

    private void handle(Message message) {
        switch (message) {
            case Message.Written written -> writes.done(written);
            case Message.Fetched fetched -> loads.done(fetched);
            case Message.Removed removed -> removals.done(removed);
            case Message.SaltErased erased -> erasures.done(erased);
        }
    }

    /**
     * Writes what is not written yet and removes what is erased, for shutdown: the only call that waits. What is not written in time, or when the
     * thread is interrupted, is given up.
     *
     * @return values that are not written and that the remote tier therefore lacks
     */
    public int flush(Duration timeout) {
        long started = nanos.getAsLong();
        turn(true);
        while (isUnsettled() && nanos.getAsLong() - started < timeout.toNanos()) {
            if (!awaitMessage()) {
                break;
            }
            turn(true);
        }
        int unwritten = writes.unwrittenValues();
        writes.giveUpAll();
        return unwritten;
    }

    /** What was erased must not stay behind the process's end either, as long as anybody can be asked. */
    private boolean isUnsettled() {
        return writes.unwrittenValues() > 0 || (removals.size() > 0 && isRemoteAvailable());
    }

    private boolean awaitMessage() {
        try {
            Message message = inbox.poll(PATIENCE_NANOS, TimeUnit.NANOSECONDS);
            if (message != null) {
                handle(message);
            }
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** Keeps a session's values in host memory, as far as the bound for pinned ones allows; new ones too. */
    public void pinSession(Owner owner) {
        host.accounts().pin(host.accounts().open(owner));
    }

    public void unpinSession(Owner owner) {
        OwnerAccount account = host.accounts().find(owner);
        if (account != null) {
            host.accounts().unpin(account);
        }
    }

    /**
     * Takes away everything that only this owner owns, here and in the remote tier.
     *
     * @param keys of the owner's values as far as the caller knows them; host memory need not know them any more
     */
    public void erase(Owner owner, Collection<TierKey> keys) {
        keys.forEach(key -> requireOwn(owner, key));
        Set<TierKey> erased = new LinkedHashSet<>(keys);
        loads.forget(owner::equals);
        host.erase(owner).forEach(value -> erased.add(value.key()));
        for (TierKey key : erased) {
            // Others own what is still here.
            if (host.find(key) == null) {
                loads.miss(key);
                removals.add(key);
            }
        }
    }

    /**
     * Takes away everything of a tenant: host memory at once, everything else by erasing the salt that its keys derive from. Until
     * that is done nothing of the tenant is kept.
     *
     * @return whether the salt is gone for certain; completed by the step loop's thread
     */
    public CompletionStage<Boolean> eraseNamespace(String namespace) {
        loads.forget(owner -> owner.namespace().equals(namespace));
        host.eraseAll(owner -> owner.namespace().equals(namespace));
        return erasures.erase(namespace);
    }

    /** What of an owner would be lost with the process. */
    public PersistedState persisted(Owner owner) {
        OwnerAccount account = host.accounts().find(owner);
        return account == null
                ? PersistedState.NOTHING_MISSING
                : new PersistedState(account.waitingValues, account.lost.size(), account.lostTrack);
    }

    /** Whether the remote tier can be asked now. */
    public boolean isRemoteAvailable() {
        return remote.state() == RemoteTier.State.AVAILABLE;
    }

    /** Whether a value is in the remote tier, as far as host memory knows. */
    public boolean isWritten(TierKey key) {
        HostValue value = host.find(key);
        return value != null && value.copy == Copy.HELD;
    }

    /** What of an owner's values in host memory is in the remote tier as well. */
    public Usage remoteUsage(Owner owner) {
        OwnerAccount account = host.accounts().find(owner);
        Usage usage = Usage.NONE;
        if (account != null) {
            for (HostValue value : account.values) {
                if (value.copy == Copy.HELD) {
                    usage = usage.plus(new Usage(value.bytes, 1));
                }
            }
        }
        return usage;
    }

    /** What is attributed to an owner in host memory. */
    public Usage usage(Owner owner) {
        OwnerAccount account = host.accounts().find(owner);
        return account == null ? Usage.NONE : host.usage(account);
    }

    public TierStats stats() {
        Map<String, Usage> tenants = new HashMap<>();
        for (OwnerAccount account : host.accounts().all()) {
            tenants.merge(account.owner.namespace(), host.usage(account), Usage::plus);
        }
        return new TierStats(
                host.figures(),
                new TierStats.Queues(
                        writes.unwrittenBytes(),
                        writes.unwrittenValues(),
                        loads.size(),
                        removals.size(),
                        host.accounts().lostValues()),
                Map.copyOf(tenants),
                Map.copyOf(counters.moved),
                Map.copyOf(counters.lookups),
                Map.copyOf(counters.loads),
                Map.copyOf(counters.writes),
                Map.copyOf(counters.removals),
                Map.copyOf(counters.refusals),
                counters.putWithoutRoom);
    }

    /** Every violation of what must hold between two calls, in words; empty when all is sound. */
    public List<String> violations() {
        return StoreInvariants.check(host, writes, loads);
    }
}
