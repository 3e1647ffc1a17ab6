package dev.contexture.bench;

import dev.contexture.config.BenchRetrieval;
import dev.contexture.config.SparsityProperties;
import dev.contexture.core.ExecutionProvider;
import dev.contexture.core.KvGeometry;
import dev.contexture.core.Precision;
import dev.contexture.core.Sparsity;
import dev.contexture.core.SparsityMode;
import dev.contexture.engine.Engine;
import dev.contexture.engine.LayerMover;
import dev.contexture.engine.ModelRunner;
import dev.contexture.engine.SelectionStage;
import dev.contexture.engine.SparseSelection;
import dev.contexture.engine.StepMemory;
import dev.contexture.engine.ort.CudaModelRunner;
import dev.contexture.engine.ort.OrtModelRunner;
import dev.contexture.kv.BlockCutter;
import dev.contexture.kv.KvCache;
import dev.contexture.model.arch.ModelConfig;
import dev.contexture.model.arch.ModelSource;
import dev.contexture.model.graph.CompiledModel;
import dev.contexture.model.graph.GraphCompiler;
import dev.contexture.model.head.RetrievalHeadConfig;
import dev.contexture.model.head.RetrievalHeadFile;
import dev.contexture.model.store.ModelFiles;
import dev.contexture.model.store.ModelSources;
import dev.contexture.nativelib.FfmKvPool;
import dev.contexture.nativelib.FfmLayers;
import dev.contexture.nativelib.NativeLibrary;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** A model of random weights and its head, opened as the service opens them, with as many pages as fit under a cap. */
final class DeviceParts implements AutoCloseable {
    private static final int PAGE_TOKENS = 32;
    private static final int BLOCK_TOKENS = 16;

    private final ModelFiles model;
    private final ModelConfig config;
    private final DeviceMemory memory;
    private final long weightBytes;
    private final StepMemory stepMemory;
    private final LayerTraffic traffic = new LayerTraffic();
    private final SparsityProperties sparsity;
    private final FfmKvPool pool;
    private final BenchRetrieval retrieval;
    private final ModelRunner runner;
    private final KvCache kv;
    private final Map<String, Object> openSeconds = new LinkedHashMap<>();

    /**
     * What to open.
     *
     * @param work takes the model and the compiled graph
     * @param weights what is computed with
     * @param capBytes and {@code reserveBytes}: see {@link DeviceMemory.Cap}
     * @param pinnedBytes of host memory, for layers that leave the device; 0: none do
     * @param sequences that run at a time
     * @param budget of selections
     * @param threads of what runs on processors
     */
    record Settings(
            ExecutionProvider provider,
            Path work,
            ModelShape shape,
            BenchWeights weights,
            RandomHead.Shape head,
            long seed,
            long capBytes,
            long reserveBytes,
            long pinnedBytes,
            int sequences,
            int budget,
            int threads) {}

    DeviceParts(Settings settings) throws IOException {
        long begin = System.nanoTime();
        this.model = RandomModel.of(settings.shape, settings.seed, settings.work.resolve("models"));
        begin = note("write_weights", begin);
        Precision precision = settings.weights.on(settings.provider);
        CompiledModel compiled;
        long modelBytes;
        try (ModelSource source = settings.weights.of(ModelSources.open(model))) {
            Path headFile = RandomHead.write(
                    settings.work.resolve("heads").resolve(settings.shape + ".safetensors"),
                    source.config(),
                    model.sha256(),
                    settings.head,
                    settings.seed);
            this.sparsity = BenchRetrieval.settings(Map.of("selector", "head", "head", headFile.toString()));
            Optional<RetrievalHeadFile> found =
                    BenchRetrieval.findHead(sparsity, model.sha256(), settings.work.resolve("heads"));
            try {
                compiled = new GraphCompiler(settings.work.resolve("graphs"))
                        .compile(source, model.sha256() + " " + settings.weights, precision, found);
            } finally {
                found.ifPresent(RetrievalHeadFile::close);
            }
            modelBytes = BenchWeights.bytes(source);
        }
        begin = note("compile", begin);
        this.config = compiled.config();
        KvGeometry geometry =
                new KvGeometry(config.layers(), config.kvHeads(), config.headDim(), PAGE_TOKENS, precision.kvDtype());
        RetrievalHeadConfig head = compiled.head().orElseThrow().config();
        this.weightBytes = modelBytes + headBytes(head);
        long besideBytes = BenchRetrieval.bytesPerPage(sparsity, compiled, PAGE_TOKENS);
        DeviceMemory.Cap cap = new DeviceMemory.Cap(settings.capBytes, weightBytes, settings.reserveBytes);
        int pages = cap.pages(geometry.bytesPerPage() + besideBytes, settings.pinnedBytes);
        NativeLibrary library = NativeLibrary.openBundled(settings.provider, settings.work.resolve("native"));
        this.pool = settings.pinnedBytes == 0
                ? new FfmKvPool(library, geometry, pages)
                : new FfmKvPool(
                        library,
                        geometry,
                        pages,
                        new FfmKvPool.Elastic(
                                cap.poolBytes() - besideBytes * pages,
                                settings.pinnedBytes,
                                settings.sequences + 1,
                                head.groups() * head.kvHeads(),
                                Integer.highestOneBit(2 * settings.budget - 1)));
        if (settings.provider == ExecutionProvider.CUDA) {
            CudaModelRunner device = new CudaModelRunner(compiled, library, pool.id());
            this.runner = device;
            this.retrieval = BenchRetrieval.open(
                    sparsity,
                    compiled,
                    device,
                    library,
                    geometry,
                    pool,
                    pages,
                    config.contextLength(),
                    settings.sequences);
        } else {
            this.runner = new OrtModelRunner(compiled, library.path(), pool.id(), settings.threads);
            this.retrieval = BenchRetrieval.open(
                    sparsity, compiled, library, geometry, pool, pages, config.contextLength(), settings.threads);
        }
        this.kv = new KvCache(geometry, pages, BlockCutter.fixed(BLOCK_TOKENS), retrieval.copier(pool));
        if (settings.pinnedBytes == 0) {
            this.memory = new DeviceMemory(pages, PAGE_TOKENS);
            this.stepMemory = StepMemory.FIXED;
        } else {
            LayerMover mover = new LayerMover(
                    new FfmLayers(library, pool),
                    config.layers(),
                    pages,
                    geometry.bytesPerToken() / config.layers(),
                    kv,
                    traffic,
                    System::nanoTime);
            this.memory = new DeviceMemory(mover.mostPages(), PAGE_TOKENS);
            this.stepMemory = mover;
        }
        note("load", begin);
    }

    /** At most: the graphs of keys and queries have embeddings and fused features of their own. */
    private static long headBytes(RetrievalHeadConfig head) {
        long both = (long) head.vocabulary() * head.hidden() + (long) head.hidden() * head.featureWidth();
        long own = 2L * head.hidden() * (head.keyWidth() + head.queryWidth());
        return Short.BYTES * (2 * both + own);
    }

    private long note(String what, long begin) {
        long end = System.nanoTime();
        openSeconds.put(what, (end - begin) / 1e9);
        return end;
    }

    ModelFiles model() {
        return model;
    }

    ModelConfig config() {
        return config;
    }

    DeviceMemory memory() {
        return memory;
    }

    /** Of the model and its head. */
    long weightBytes() {
        return weightBytes;
    }

    LayerTraffic traffic() {
        return traffic;
    }

    /** Of keys and values. */
    long poolBytes() {
        return pool.bytes();
    }

    KvCache kv() {
        return kv;
    }

    /** What opening took, part by part. */
    Map<String, Object> openSeconds() {
        return openSeconds;
    }

    /** What a request gets that asks for this budget. */
    Sparsity policy(int budget) {
        return new Sparsity(
                SparsityMode.AUTO, budget, sparsity.sink(), sparsity.recent(), budget * sparsity.residencyFactor());
    }

    /** Selects by the head; or attends to everything and looks at nothing. */
    Engine engine(boolean sparse, StepTimes times) {
        SelectionStage stage = sparse
                ? new SparseSelection(
                        retrieval.retriever().orElseThrow(),
                        kv,
                        pool,
                        BenchRetrieval.selection(sparsity),
                        retrieval.automaticUnit(),
                        traffic,
                        System::nanoTime)
                : SelectionStage.DENSE;
        return new Engine(kv, pool, times.timed(runner), times.timed(stage), stepMemory, config.vocabulary());
    }

    @Override
    public void close() {
        retrieval.close();
        runner.close();
        pool.close();
    }
}
