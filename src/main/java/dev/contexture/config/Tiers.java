package dev.contexture.config;

import dev.contexture.core.ExecutionProvider;
import dev.contexture.core.KvDtype;
import dev.contexture.core.KvGeometry;
import dev.contexture.engine.StepMemory;
import dev.contexture.kv.KvCache;
import dev.contexture.kv.tier.BlockCoder;
import dev.contexture.kv.tier.BlockPart;
import dev.contexture.kv.tier.BlockSealer;
import dev.contexture.kv.tier.HostSettings;
import dev.contexture.kv.tier.LoadSettings;
import dev.contexture.kv.tier.NativeBlockCoder;
import dev.contexture.kv.tier.NativeBlockNumbers;
import dev.contexture.kv.tier.RemotePace;
import dev.contexture.kv.tier.Scope;
import dev.contexture.kv.tier.SealingWarmUp;
import dev.contexture.kv.tier.StoreSettings;
import dev.contexture.kv.tier.TenantKeys;
import dev.contexture.kv.tier.TierStats;
import dev.contexture.kv.tier.TieredBlockStore;
import dev.contexture.kv.tier.TieredKvStore;
import dev.contexture.kv.tier.WriteSettings;
import dev.contexture.nativelib.BlockFormat;
import dev.contexture.nativelib.BlockPlace;
import dev.contexture.nativelib.FfmBlocks;
import dev.contexture.nativelib.FfmKvPool;
import dev.contexture.nativelib.NativeLibrary;
import dev.contexture.nativelib.ReservedMemory;
import dev.contexture.scheduler.BlockTraffic;
import dev.contexture.scheduler.LoopCalls;
import dev.contexture.scheduler.MeasuredGate;
import dev.contexture.scheduler.NanoClock;
import dev.contexture.scheduler.PrefillPace;
import dev.contexture.scheduler.RestoreAudit;
import dev.contexture.scheduler.TierTraffic;
import dev.contexture.scheduler.TrafficListener;
import dev.contexture.scheduler.TrafficSettings;
import dev.contexture.scheduler.TrafficTools;
import dev.contexture.session.SessionKv;
import dev.contexture.session.StoredSessionKv;
import dev.contexture.session.TierScopes;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.scheduler.Schedulers;

/** What lies below the KV pool: host memory, and what outlives the process behind it. */
final class Tiers implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Tiers.class);
    /** Of nobody: what a probe stores. */
    private static final Scope PROBE = new Scope("0".repeat(32), "0".repeat(16));
    /** Running streams wait for no more than that in each direction, and a block. */
    private static final int TURN_BYTES = 4 << 20;

    private static final Duration TURN = Duration.ofMillis(5);
    /** Of their steps, for what is only stored. */
    private static final double STEP_SHARE = 0.05;

    private static final int SEALING_THREADS = 2;
    private static final Duration LONGEST_WARM_UP = Duration.ofSeconds(1);
    private static final int AHEAD_BLOCKS = 64;
    /** Where a selection is estimated to take longer, running streams would stand still too often. */
    private static final Duration LONGEST_STEP = Duration.ofMillis(100);

    private static final Duration LONGEST_WAIT = Duration.ofSeconds(1);
    /** Some 64,000 tokens that wait to be stored. */
    private static final int LEAVING_BLOCKS = 4096;

    private static final HostSettings HOST = new HostSettings(1024, 0.9, 0.97, 0.5, 0.5, 4096);
    private static final LoadSettings LOADS = new LoadSettings(65_536, 64, 32);
    /** There is no tier to write to. */
    private static final WriteSettings NO_WRITES =
            new WriteSettings(1, 1, 1, 1, 1, Duration.ofSeconds(1), Duration.ofSeconds(1), Duration.ofHours(1), 1);

    private final RemoteStore beyond;
    private final LongSupplier nanos;
    private final ReservedMemory memory;
    private final ExecutorService threads;
    private final TieredKvStore tiers;
    private final BlockCoder coder;
    private final TieredBlockStore store;
    private final TierTraffic traffic;
    private final ReservedMemory buffer;
    private final ReservedMemory exactBuffer;
    private final RestoreAudit audit;

    /**
     * What the tiers are below of.
     *
     * @param library through which the pool and the retriever's were made
     * @param memory of the engine that runs the pool's steps
     */
    record Place(
            NativeLibrary library,
            KvGeometry geometry,
            FfmKvPool pool,
            Retrieval retrieval,
            KvCache kv,
            StepMemory memory) {}

    /**
     * @return empty where nothing is to be kept below the pool, or the pool's numbers have no stored form
     */
    static Optional<Tiers> open(
            KvProperties settings,
            Place place,
            boolean partial,
            RemoteStore beyond,
            PrefillPace pace,
            TrafficListener listener,
            NanoClock clock) {
        if (settings.hostBytes().toBytes() == 0) {
            return Optional.empty();
        }
        if (place.geometry.dtype() != KvDtype.F16) {
            LOG.info(
                    "Keys and values of sessions are not kept below the pool: it is of {}, and only F16 has a stored form;"
                            + " contexture.engine.precision decides",
                    place.geometry.dtype());
            return Optional.empty();
        }
        return Optional.of(new Tiers(settings, place, partial, beyond, pace, listener, clock));
    }

    /**
     * Whether sessions may go on before they have come back whole.
     *
     * @param firstDenseLayers that always attend to everything
     * @throws IllegalArgumentException if they are to do so in a way that the provider has not
     */
    static boolean mayResume(
            KvProperties settings, int firstDenseLayers, KvGeometry geometry, ExecutionProvider provider) {
        boolean may = settings.hostBytes().toBytes() > 0
                && settings.partialRestoreTokens() > 0
                && firstDenseLayers == 0
                && geometry.dtype() == KvDtype.F16;
        if (may && provider == ExecutionProvider.CUDA && settings.partialRestoreChunkTokens() > 1) {
            throw new IllegalArgumentException("contexture.kv.partial-restore-chunk-tokens is "
                    + settings.partialRestoreChunkTokens() + ", but on CUDA devices each token of a session that comes"
                    + " back in part chooses for itself: leave it at 1, or set contexture.engine.provider to cpu");
        }
        return may;
    }

    private Tiers(
            KvProperties settings,
            Place place,
            boolean partial,
            RemoteStore beyond,
            PrefillPace pace,
            TrafficListener listener,
            NanoClock clock) {
        SecureRandom random = new SecureRandom();
        this.beyond = beyond;
        this.nanos = clock::nanos;
        this.coder = coder(place, settings.storedFormat());
        this.memory = new ReservedMemory(settings.hostBytes().toBytes());
        this.buffer = new ReservedMemory(largestPart(coder));
        this.threads = Executors.newFixedThreadPool(
                SEALING_THREADS, Thread.ofPlatform().name("tiers").daemon(true).factory());
        BlockSealer sealer = new BlockSealer(new TenantKeys(beyond.keys(), beyond.salts(), clock::nanos), random);
        RemotePace remote = new RemotePace(beyond.tier(), clock::nanos);
        StoreSettings written = new StoreSettings(HOST, beyond.isThere() ? writes(settings, beyond) : NO_WRITES, LOADS);
        this.tiers = new TieredKvStore(
                written, new TieredKvStore.Parts(memory.segment(), remote, sealer, threads, clock::nanos));
        if (beyond.isThere()) {
            remote.probe(PROBE);
            SealingWarmUp.run(random, clock::nanos, LONGEST_WARM_UP);
        }
        this.store = new TieredBlockStore(tiers, clock::nanos);
        BlockCoder exact = coder(place, BlockFormat.F16);
        this.exactBuffer = new ReservedMemory(largestPart(exact));
        this.audit = new RestoreAudit(
                new RestoreAudit.Settings(settings.auditInterval(), auditBound(settings.storedFormat())),
                new NativeBlockNumbers(exact, exactBuffer.segment()),
                random);
        TrafficSettings.Partial inPart = partial
                ? new TrafficSettings.Partial(
                        settings.partialRestoreTokens(),
                        settings.partialRestoreMessageTokens(),
                        settings.partialRestoreChunkTokens(),
                        LONGEST_STEP.toNanos(),
                        true)
                : TrafficSettings.Partial.NONE;
        this.traffic = new TierTraffic(new TrafficTools(
                place.kv,
                place.memory,
                store,
                coder,
                buffer.segment(),
                new TrafficSettings(
                        TURN_BYTES,
                        TURN.toNanos(),
                        STEP_SHARE,
                        AHEAD_BLOCKS,
                        LONGEST_WAIT.toNanos(),
                        LEAVING_BLOCKS,
                        inPart),
                new MeasuredGate(remote, pace),
                audit,
                listener,
                clock));
    }

    private static WriteSettings writes(KvProperties settings, RemoteStore beyond) {
        return new WriteSettings(
                settings.hostBytes().toBytes() / 2,
                128,
                1L << 20,
                2,
                5,
                Duration.ofMillis(200),
                Duration.ofMinutes(2),
                beyond.timeToLive(),
                10_000);
    }

    private static BlockCoder coder(Place place, BlockFormat format) {
        return new NativeBlockCoder(
                new FfmBlocks(place.library, place.pool),
                place.retrieval.index(place.library),
                format,
                place.retrieval.groupOfLayer(place.geometry.layers()),
                place.geometry,
                place.retrieval.carriedNumbers());
    }

    /** A few times what was seen with the default model (.000, .022, .056, .064): a format's rounding, and that of the context. */
    private static double auditBound(BlockFormat format) {
        return switch (format) {
            case F16 -> 0.05;
            case INT8 -> 0.1;
            case INT8_KEYS_INT4_VALUES, INT4 -> 0.3;
        };
    }

    private static long largestPart(BlockCoder coder) {
        long most = coder.bytes(BlockPart.CARRY, 1);
        for (BlockPart part : coder.parts()) {
            most = Math.max(most, coder.bytes(part, BlockPlace.MOST_TOKENS));
        }
        return most;
    }

    /** Of everything that the bytes of a stored block depend on but its tokens: 16 hexadecimal digits. */
    static String fingerprint(String compiled, KvProperties kv, SplitProperties split) {
        String parts = String.join(
                "|", compiled, kv.storedFormat().name(), split.toString(), Integer.toString(NativeLibrary.ABI_VERSION));
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(parts.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest, 0, 8);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /** What sessions have here and in the pool. */
    SessionKv sessions(LoopCalls loop, KvCache kv, TierScopes scopes) {
        return new StoredSessionKv(
                loop,
                new StoredSessionKv.Parts(kv, tiers, coder, traffic, beyond.tier(), beyond.timeToLive(), nanos),
                scopes,
                Schedulers.parallel());
    }

    BlockTraffic traffic() {
        return traffic;
    }

    /** Whether stored blocks were found not to be what the model computes. Safe for use by several threads. */
    boolean isBreached() {
        return audit.isBreached();
    }

    /** Safe for use by several threads. */
    TierStats stats() {
        return store.stats();
    }

    /** After the loop has ended: what is not written yet is, as far as there is time. */
    @Override
    public void close() {
        int unwritten = tiers.flush(beyond.flushTimeout());
        if (unwritten > 0) {
            LOG.warn("{} parts of blocks could not be written before the end and will be computed again", unwritten);
        }
        threads.shutdownNow();
        buffer.close();
        exactBuffer.close();
        memory.close();
    }
}
