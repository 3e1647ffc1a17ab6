package dev.contexture.config;

import dev.contexture.core.ExecutionProvider;
import dev.contexture.core.KvGeometry;
import dev.contexture.core.Precision;
import dev.contexture.core.SparsityPolicy;
import dev.contexture.engine.Engine;
import dev.contexture.engine.LayerMover;
import dev.contexture.engine.ModelRunner;
import dev.contexture.engine.SelectionListener;
import dev.contexture.engine.SelectionStage;
import dev.contexture.engine.SparseSelection;
import dev.contexture.engine.StepMemory;
import dev.contexture.engine.WarmUp;
import dev.contexture.engine.ort.CudaModelRunner;
import dev.contexture.engine.ort.OrtModelRunner;
import dev.contexture.kv.BlockCutter;
import dev.contexture.kv.KvCache;
import dev.contexture.kv.memory.MemoryModel;
import dev.contexture.kv.memory.MemoryReport;
import dev.contexture.kv.tier.TenantSalts;
import dev.contexture.model.ModelFormatException;
import dev.contexture.model.arch.ModelConfig;
import dev.contexture.model.arch.ModelSource;
import dev.contexture.model.graph.CompiledModel;
import dev.contexture.model.graph.GraphCompiler;
import dev.contexture.model.head.RetrievalHeadConfig;
import dev.contexture.model.head.RetrievalHeadFile;
import dev.contexture.model.store.ModelFiles;
import dev.contexture.model.store.ModelSources;
import dev.contexture.model.template.ChatTemplate;
import dev.contexture.model.tokenizer.DjlTokenizer;
import dev.contexture.model.tokenizer.Tokenizer;
import dev.contexture.nativelib.CudaDevices;
import dev.contexture.nativelib.FfmKvPool;
import dev.contexture.nativelib.FfmLayers;
import dev.contexture.nativelib.NativeLibrary;
import dev.contexture.scheduler.BlockTraffic;
import dev.contexture.scheduler.DeliveryThread;
import dev.contexture.scheduler.NanoClock;
import dev.contexture.scheduler.PrefillPace;
import dev.contexture.scheduler.SchedulerListener;
import dev.contexture.scheduler.SchedulerLoop;
import dev.contexture.scheduler.TrafficListener;
import dev.contexture.selection.SelectionSettings;
import dev.contexture.session.NoStoredKv;
import dev.contexture.session.SessionKv;
import dev.contexture.session.TenantNamespaces;
import dev.contexture.session.TierScopes;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A model that is loaded and served: everything between its files and the step loop, opened and closed as one. */
public final class ModelHost implements AutoCloseable {
    /** What is stored is weighed against computing from the first request on. */
    private static final int TIMED_PREFILL_TOKENS = 256;

    private static final Logger LOG = LoggerFactory.getLogger(ModelHost.class);

    private final Deque<AutoCloseable> open = new ArrayDeque<>();
    private final ModelConfig config;
    private final String fingerprint;
    private final Tokenizer tokenizer;
    private final ChatTemplate template;
    private final SparsityPolicy sparsity;
    private final String selector;
    private final KvCache kv;
    private final Optional<Tiers> tiers;
    private final String storedFingerprint;
    private final SchedulerLoop loop;

    /**
     * Settings of a host.
     *
     * @param directory takes compiled graphs and the native library
     */
    public record Settings(
            Path directory,
            EngineProperties engine,
            KvProperties kv,
            SplitProperties split,
            SparsityProperties sparsity,
            SchedulerProperties scheduler) {}

    /** Who hears what the host does. */
    public record Listeners(SchedulerListener scheduler, SelectionListener selection, TrafficListener traffic) {}

    /**
     * Compiles the model's graph if that was not done before, loads it and starts the step loop.
     *
     * @param beyond what lies behind host memory; not closed here
     * @throws dev.contexture.model.ModelFormatException if the model's files are not what they should be
     */
    public ModelHost(
            ModelFiles files,
            Settings settings,
            RemoteStore beyond,
            Listeners heard,
            NanoClock clock,
            LongSupplier seeds) {
        try {
            CompiledModel compiled;
            Path libraries = settings.directory.resolve("native");
            ExecutionProvider provider = provider(settings.engine, libraries);
            Precision precision;
            Optional<RetrievalHeadFile> head =
                    Retrieval.findHead(settings.sparsity, files.sha256(), settings.directory.resolve("heads"));
            try (ModelSource source = ModelSources.open(files)) {
                Retrieval.requireSound(
                        settings.sparsity, settings.split, source.config().layers(), head.isPresent());
                this.tokenizer = keep(DjlTokenizer.of(source.tokenizer()));
                String begin = source.tokenizer().beginOfSequence();
                String end = source.tokenizer().endOfSequenceText();
                this.template = source.chatTemplate()
                        .map(text -> ChatTemplate.of(text, begin, end))
                        .orElseGet(() -> ChatTemplate.chatMl(begin, end));
                precision = setting(() -> settings.engine.precisionOn(provider));
                LOG.info("Computing in {}", words(precision));
                if (provider == ExecutionProvider.CUDA
                        && source.hasBrainFloatWeights()
                        && precision != Precision.BRAIN_FLOAT) {
                    LOG.info("The model's weights are bfloat16: contexture.engine.precision=bf16 computes in that");
                }
                compiled = new GraphCompiler(settings.directory.resolve("graphs"))
                        .compile(source, files.sha256(), precision, head);
            } finally {
                head.ifPresent(RetrievalHeadFile::close);
            }
            this.config = compiled.config();
            this.fingerprint = compiled.fingerprint();
            requireSameTokens();
            int contextLength = setting(() -> settings.engine.contextLengthOr(config.contextLength()));
            KvGeometry geometry = setting(() -> new KvGeometry(
                    config.layers(),
                    config.kvHeads(),
                    config.headDim(),
                    settings.kv.pageTokens(),
                    precision.kvDtype()));
            Retrieval.Footprint beside = Retrieval.footprint(settings.sparsity, compiled, settings.kv.pageTokens());
            boolean elastic = provider == ExecutionProvider.CUDA
                    && settings.kv.pinnedBytes().toBytes() > 0;
            int pages = setting(() -> settings.kv.pages(
                    beside.fixedBytes(),
                    geometry.bytesPerPage() + beside.bytesPerPage(),
                    contextLength,
                    elastic ? settings.kv.pinnedBytes().toBytes() : 0));
            report(files.id(), compiled, geometry, beside, settings);
            NativeLibrary computing = NativeLibrary.openBundled(provider, libraries);
            Optional<FfmKvPool.Elastic> leaving = elastic
                    ? Optional.of(setting(() -> elastic(settings, compiled, beside.bytesPerPage() * pages)))
                    : Optional.empty();
            FfmKvPool pool = keep(KvPools.open(computing, geometry, pages, leaving));
            pool.pretouch((int) Math.min(pages, settings.kv.pretouchBytes().toBytes() / geometry.bytesPerPage()));
            int threads = settings.engine.threadsOr(Runtime.getRuntime().availableProcessors());
            Optional<CudaModelRunner> onDevice = provider == ExecutionProvider.CUDA
                    ? Optional.of(keep(new CudaModelRunner(compiled, computing, pool.id())))
                    : Optional.empty();
            ModelRunner runner = onDevice.<ModelRunner>map(device -> device)
                    .orElseGet(() -> keep(new OrtModelRunner(compiled, computing.path(), pool.id(), threads)));
            Retrieval retrieval = keep(setting(() -> Retrieval.open(
                    settings.sparsity,
                    compiled,
                    new Retrieval.Place(
                            onDevice,
                            computing,
                            geometry,
                            pool,
                            pages,
                            contextLength,
                            settings.scheduler.maxRunning(),
                            setting(() -> Tiers.mayResume(settings.kv, geometry, provider)),
                            threads))));
            this.sparsity = setting(retrieval::policy);
            this.selector = retrieval.selector();
            BlockCutter.Factory cutters = Segmentation.open(settings.split, files.sha256(), tokenizer);
            this.kv = new KvCache(geometry, pages, cutters, retrieval.copier(pool));
            StepMemory memory = elastic
                    ? layerMover(new FfmLayers(computing, pool), geometry, pages, heard.selection, clock)
                    : StepMemory.FIXED;
            SelectionSettings selecting = setting(settings.sparsity::settings);
            Function<SelectionListener, Engine> engines = heardBy -> {
                SelectionStage selection = retrieval
                        .retriever()
                        .<SelectionStage>map(retriever -> new SparseSelection(
                                retriever, kv, pool, selecting, retrieval.automaticUnit(), heardBy, clock::nanos))
                        .orElse(SelectionStage.DENSE);
                return new Engine(kv, pool, runner, selection, memory, tokenizer.vocabularySize());
            };
            boolean partial = settings.sparsity.firstDenseLayers() == 0 && retrieval.carriedNumbers() > 0;
            PrefillPace pace = new PrefillPace();
            this.tiers = Tiers.open(
                    settings.kv,
                    new Tiers.Place(computing, geometry, pool, retrieval, kv, memory),
                    partial,
                    beyond,
                    pace,
                    heard.traffic,
                    clock);
            tiers.ifPresent(this::keep);
            this.storedFingerprint = Tiers.fingerprint(fingerprint, settings.kv, settings.split);
            Engine unheard = engines.apply(SelectionListener.NONE);
            WarmUp.run(unheard, kv);
            int timed = Math.min(TIMED_PREFILL_TOKENS, contextLength / 2);
            pace.add(0, timed, WarmUp.timePrefill(unheard, kv, timed, clock::nanos));
            Engine engine = engines.apply(heard.selection);
            DeliveryThread delivery = keep(new DeliveryThread().start());
            this.loop = keep(new SchedulerLoop(
                            kv,
                            engine,
                            setting(() -> settings.scheduler.toConfig(contextLength)),
                            heard.scheduler,
                            tiers.map(Tiers::traffic).orElse(BlockTraffic.NONE),
                            clock,
                            seeds,
                            delivery)
                    .start());
        } catch (RuntimeException e) {
            closeAfter(e);
            throw e;
        }
    }

    /** What layers in host memory keep on the device is for the selections of a retrieval head. */
    private static FfmKvPool.Elastic elastic(Settings settings, CompiledModel compiled, long keyBytes) {
        RetrievalHeadConfig head = compiled.head()
                .map(CompiledModel.Head::config)
                .orElseThrow(
                        () -> new IllegalArgumentException("contexture.kv.pinned-bytes lets layers leave the device,"
                                + " which wants a retrieval head, and there is none for this model: set it to 0, or name a"
                                + " head in contexture.sparsity.head"));
        int room = Integer.highestOneBit(Math.max(settings.kv.pageTokens(), 2 * settings.sparsity.maxBudget() - 1));
        return new FfmKvPool.Elastic(
                Math.max(1, settings.kv.deviceBytes().toBytes() - keyBytes),
                settings.kv.pinnedBytes().toBytes(),
                settings.scheduler.maxRunning() + 1,
                head.groups() * head.kvHeads(),
                room);
    }

    private LayerMover layerMover(
            FfmLayers layers, KvGeometry geometry, int pages, SelectionListener listener, NanoClock clock) {
        LayerMover mover = new LayerMover(
                layers,
                geometry.layers(),
                pages,
                geometry.bytesPerToken() / geometry.layers(),
                kv,
                listener,
                clock::nanos);
        LOG.info(
                "Up to {} of {} layers may leave the device: room for {} tokens instead of {}",
                layers.mostHostLayers(),
                geometry.layers(),
                (long) mover.mostPages() * geometry.pageTokens(),
                (long) Math.min(pages, layers.pageLimit(0)) * geometry.pageTokens());
        return mover;
    }

    private static String words(Precision precision) {
        return switch (precision) {
            case FAST -> "8-bit activations, keys and values in fp16";
            case EXACT -> "float32";
            case HALF -> "fp16, all weights included";
            case QUANTISED_HALF -> "fp16, with quantised weights as the file has them";
            case BRAIN_FLOAT -> "bf16";
        };
    }

    private static ExecutionProvider provider(EngineProperties engine, Path libraries) {
        ExecutionProvider provider =
                engine.providerOr(() -> CudaDevices.find(libraries).count() > 0);
        if (provider == ExecutionProvider.CUDA) {
            CudaDevices.Found found = CudaDevices.find(libraries);
            if (found.count() == 0) {
                throw new InvalidSettingException(new IllegalArgumentException(
                        "contexture.engine.provider is cuda, but there is no device: " + found.words()));
            }
            LOG.info("Computing on {}", found.words());
        }
        return provider;
    }

    /** Ids that the tokenizer has and the model has not would fail in the middle of a step. */
    private void requireSameTokens() {
        if (tokenizer.vocabularySize() > config.vocabulary()) {
            throw new ModelFormatException("the tokenizer has " + tokenizer.vocabularySize()
                    + " tokens, but the model's embedding only " + config.vocabulary());
        }
    }

    /** The memory model's plan for this machine: what a device with so much memory would hold. */
    private static void report(
            String id, CompiledModel compiled, KvGeometry geometry, Retrieval.Footprint beside, Settings settings) {
        long weights = weightBytes(compiled);
        MemoryModel memory = new MemoryModel(
                settings.kv.deviceBytes().toBytes() + weights,
                weights,
                0,
                geometry.layers(),
                geometry.bytesPerToken() / geometry.layers(),
                beside.bytesPerPage() / settings.kv.pageTokens(),
                settings.sparsity.maxBudget());
        MemoryReport.of(id, memory, List.of(1, settings.scheduler.maxRunning())).forEach(LOG::info);
    }

    private static long weightBytes(CompiledModel compiled) {
        try (Stream<Path> files = Files.list(compiled.graph().toAbsolutePath().getParent())) {
            return Math.max(1, files.mapToLong(file -> file.toFile().length()).sum());
        } catch (IOException e) {
            throw new UncheckedIOException("the compiled model went away", e);
        }
    }

    /** What settings get wrong is the caller's to mend. */
    private static <T> T setting(Supplier<T> value) {
        try {
            return value.get();
        } catch (IllegalArgumentException e) {
            throw new InvalidSettingException(e);
        }
    }

    private <T extends AutoCloseable> T keep(T part) {
        open.push(part);
        return part;
    }

    private void closeAfter(RuntimeException failure) {
        try {
            close();
        } catch (RuntimeException e) {
            failure.addSuppressed(e);
        }
    }

    public ModelConfig config() {
        return config;
    }

    /** Of everything that the model's numbers depend on. */
    public String fingerprint() {
        return fingerprint;
    }

    public Tokenizer tokenizer() {
        return tokenizer;
    }

    public ChatTemplate template() {
        return template;
    }

    public SparsityPolicy sparsity() {
        return sparsity;
    }

    /** What chooses what steps attend to: head, descriptors or none. */
    public String selector() {
        return selector;
    }

    /** Names of what is stored; empty if nothing is. */
    Optional<TierScopes> tierScopes(TenantNamespaces namespaces) {
        return tiers.map(below -> new TierScopes(namespaces, storedFingerprint));
    }

    /** What sessions have in the pool and below it. */
    SessionKv sessionKv(TenantNamespaces namespaces, TenantSalts salts) {
        return tiers.<SessionKv>map(
                        below -> below.sessions(loop.calls(), kv, new TierScopes(namespaces, storedFingerprint)))
                .orElseGet(() -> new NoStoredKv(tenant -> salts.erase(namespaces.of(tenant))));
    }

    /** What lies below the KV pool; empty if nothing does. */
    Optional<Tiers> tiers() {
        return tiers;
    }

    public SchedulerLoop loop() {
        return loop;
    }

    /** Ends the loop first, then frees what it used. */
    @Override
    public void close() {
        RuntimeException failure = null;
        while (!open.isEmpty()) {
            try {
                open.pop().close();
            } catch (Exception e) {
                IllegalStateException wrapped = new IllegalStateException("the model did not close cleanly", e);
                if (failure == null) {
                    failure = wrapped;
                } else {
                    failure.addSuppressed(wrapped);
                }
            }
        }
        if (failure != null) {
            throw failure;
        }
    }
}
