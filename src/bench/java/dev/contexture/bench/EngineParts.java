package dev.contexture.bench;

import dev.contexture.config.BenchRetrieval;
import dev.contexture.config.SparsityProperties;
import dev.contexture.core.KvGeometry;
import dev.contexture.core.Precision;
import dev.contexture.core.Sparsity;
import dev.contexture.core.SparsityMode;
import dev.contexture.engine.SelectionListener;
import dev.contexture.engine.SelectionStage;
import dev.contexture.engine.SparseSelection;
import dev.contexture.engine.ort.OrtModelRunner;
import dev.contexture.kv.BlockCutter;
import dev.contexture.kv.KvCache;
import dev.contexture.model.arch.ModelConfig;
import dev.contexture.model.arch.ModelSource;
import dev.contexture.model.graph.CompiledModel;
import dev.contexture.model.graph.GraphCompiler;
import dev.contexture.model.head.RetrievalHeadFile;
import dev.contexture.model.store.ModelFiles;
import dev.contexture.model.store.ModelSources;
import dev.contexture.model.template.ChatTemplate;
import dev.contexture.model.tokenizer.DjlTokenizer;
import dev.contexture.nativelib.FfmBlocks;
import dev.contexture.nativelib.FfmDescriptors;
import dev.contexture.nativelib.FfmKvPool;
import dev.contexture.nativelib.NativeBlocks;
import dev.contexture.nativelib.NativeLibrary;
import dev.contexture.retrieval.Retriever;
import dev.contexture.selection.SelectionSettings;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** A model loaded as the service loads it, without the service: what engines are made of. */
final class EngineParts implements AutoCloseable {
    static final int PAGE_TOKENS = 32;

    private final DjlTokenizer tokenizer;
    private final ChatTemplate template;
    private final SparsityProperties sparsity;
    private final ModelConfig config;
    private final KvGeometry geometry;
    private final FfmKvPool pool;
    private final NativeBlocks blocks;
    private final OrtModelRunner runner;
    private final BenchRetrieval retrieval;
    private final KvCache kv;
    private final Function<FfmDescriptors.Kind, BenchRetrieval> byDescriptors;
    private final Map<FfmDescriptors.Kind, BenchRetrieval> further = new EnumMap<>(FfmDescriptors.Kind.class);

    /**
     * What to load.
     *
     * @param sparsity as {@code contexture.sparsity} has it, without that prefix
     * @param capacityTokens of the KV pool
     */
    record Settings(
            ModelFiles model,
            Map<String, String> sparsity,
            int capacityTokens,
            int threads,
            BlockCutter.Factory cutters) {
        Settings withThreads(int count) {
            return new Settings(model, sparsity, capacityTokens, count, cutters);
        }
    }

    EngineParts(Settings settings) {
        Path work = Path.of("target", "bench");
        this.sparsity = BenchRetrieval.settings(settings.sparsity);
        Optional<RetrievalHeadFile> head =
                BenchRetrieval.findHead(sparsity, settings.model.sha256(), work.resolve("heads"));
        CompiledModel compiled;
        try (ModelSource source = ModelSources.open(settings.model)) {
            this.tokenizer = DjlTokenizer.of(source.tokenizer());
            String begin = source.tokenizer().beginOfSequence();
            String end = source.tokenizer().endOfSequenceText();
            this.template = source.chatTemplate()
                    .map(text -> ChatTemplate.of(text, begin, end))
                    .orElseGet(() -> ChatTemplate.chatMl(begin, end));
            compiled = new GraphCompiler(work.resolve("graphs"))
                    .compile(source, settings.model.sha256(), Precision.FAST, head);
        } finally {
            head.ifPresent(RetrievalHeadFile::close);
        }
        this.config = compiled.config();
        this.geometry = new KvGeometry(
                config.layers(), config.kvHeads(), config.headDim(), PAGE_TOKENS, Precision.FAST.kvDtype());
        int pages = geometry.pagesFor(settings.capacityTokens);
        NativeLibrary library = NativeLibrary.openBundled(work.resolve("native"));
        this.pool = new FfmKvPool(library, geometry, pages);
        this.blocks = new FfmBlocks(library, pool);
        int positions = config.contextLength();
        this.retrieval =
                BenchRetrieval.open(sparsity, compiled, library, geometry, pool, pages, positions, settings.threads);
        this.runner = new OrtModelRunner(compiled, library.path(), pool.id(), settings.threads);
        CompiledModel headless = new CompiledModel(compiled.graph(), compiled.fingerprint(), config, Optional.empty());
        this.byDescriptors = kind -> BenchRetrieval.open(
                BenchRetrieval.settings(Map.of("selector", "descriptors", "descriptor", kind.name())),
                headless,
                library,
                geometry,
                pool,
                pages,
                positions,
                settings.threads);
        this.kv = new KvCache(geometry, pages, settings.cutters, retrieval.copier(pool));
    }

    DjlTokenizer tokenizer() {
        return tokenizer;
    }

    ChatTemplate template() {
        return template;
    }

    ModelConfig config() {
        return config;
    }

    FfmKvPool pool() {
        return pool;
    }

    KvGeometry geometry() {
        return geometry;
    }

    /** The pool's keys and values as bytes. */
    NativeBlocks blocks() {
        return blocks;
    }

    OrtModelRunner runner() {
        return runner;
    }

    KvCache kv() {
        return kv;
    }

    /** What a request gets that asks for this mode and budget and nothing else. */
    Sparsity policy(SparsityMode mode, int budget) {
        return mode == SparsityMode.DENSE
                ? Sparsity.DENSE
                : new Sparsity(mode, budget, sparsity.sink(), sparsity.recent(), budget * sparsity.residencyFactor());
    }

    SelectionSettings selectionSettings() {
        return BenchRetrieval.selection(sparsity);
    }

    /**
     * @throws IllegalStateException if the settings gave none
     */
    Retriever retriever() {
        return retrieval
                .retriever()
                .orElseThrow(
                        () -> new IllegalStateException("nothing can select: the model has no retrieval head in this"
                                + " build; name one's file in bench.head"));
    }

    /** Beside the settings' own retriever, over the same keys and values: one without training. */
    Retriever descriptors(FfmDescriptors.Kind kind) {
        return further.computeIfAbsent(kind, byDescriptors).retriever().orElseThrow();
    }

    /** The service's selection, by a retriever that these parts keep. */
    SelectionStage stage(Retriever retriever, SelectionSettings settings, SelectionListener listener) {
        return new SparseSelection(
                retriever, kv, pool, settings, retrieval.automaticUnit(), listener, System::nanoTime);
    }

    @Override
    public void close() {
        runner.close();
        further.values().forEach(BenchRetrieval::close);
        retrieval.close();
        pool.close();
        tokenizer.close();
    }
}
