package dev.contexture.engine.ort;

import dev.contexture.core.KvGeometry;
import dev.contexture.core.Precision;
import dev.contexture.core.SamplingParams;
import dev.contexture.core.SelectionMatrix;
import dev.contexture.core.SelectionRule;
import dev.contexture.engine.Engine;
import dev.contexture.engine.SampledToken;
import dev.contexture.engine.SamplerState;
import dev.contexture.engine.SelectionListener;
import dev.contexture.engine.SelectionStage;
import dev.contexture.engine.SequenceSparsity;
import dev.contexture.engine.SparseSelection;
import dev.contexture.engine.StepPlan;
import dev.contexture.engine.StepPlan.SequenceStep;
import dev.contexture.kv.BlockCutter;
import dev.contexture.kv.KvCache;
import dev.contexture.kv.SlotRequest;
import dev.contexture.kv.StepReservation;
import dev.contexture.kv.StepSlots;
import dev.contexture.kv.tier.BlockCoder;
import dev.contexture.kv.tier.NativeBlockCoder;
import dev.contexture.model.arch.ModelConfig;
import dev.contexture.model.arch.ModelSource;
import dev.contexture.model.graph.CompiledModel;
import dev.contexture.model.graph.GraphCompiler;
import dev.contexture.model.head.RetrievalHeadConfig;
import dev.contexture.model.head.RetrievalHeadFile;
import dev.contexture.nativelib.BlockFormat;
import dev.contexture.nativelib.FfmBlocks;
import dev.contexture.nativelib.FfmDescriptors;
import dev.contexture.nativelib.FfmIndexBlocks;
import dev.contexture.nativelib.FfmKvPool;
import dev.contexture.nativelib.FfmRetrievalPool;
import dev.contexture.nativelib.NativeLibrary;
import dev.contexture.retrieval.DescriptorRetriever;
import dev.contexture.retrieval.HeadRetriever;
import dev.contexture.retrieval.Retriever;
import dev.contexture.selection.SelectionSettings;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** A model on the real runtime with pools of its own, for tests that look at logits; sparse where a head is given. */
public final class LoadedModel implements AutoCloseable {
    public static final int PAGE_TOKENS = 32;
    private static final int BLOCK_TOKENS = 16;
    private static final int THREADS = 2;

    private final NativeLibrary library;
    private final FfmKvPool pool;
    private final OrtModelRunner runner;
    private final Optional<FfmRetrievalPool> retrievalPool;
    private final Optional<HeadRetriever> retriever;
    private final SelectionStage selection;
    private final CountedReuses reuses = new CountedReuses();
    private final KvCache kv;
    private final ModelConfig config;
    private final Precision precision;
    private long nextSequence = 1;

    /**
     * @param directory takes compiled graphs and the native library
     * @param name in place of the hash of the model's files
     */
    public LoadedModel(ModelSource source, String name, Precision precision, Path directory, int capacityTokens) {
        this(source, name, precision, directory, capacityTokens, Optional.empty(), SelectionSettings.DEFAULT);
    }

    /**
     * @param head selects for sequences that are begun with a sparse policy
     */
    public LoadedModel(
            ModelSource source,
            String name,
            Precision precision,
            Path directory,
            int capacityTokens,
            Optional<RetrievalHeadFile> head,
            SelectionSettings settings) {
        CompiledModel compiled = new GraphCompiler(directory.resolve("graphs")).compile(source, name, precision, head);
        this.config = compiled.config();
        this.precision = precision;
        KvGeometry geometry =
                new KvGeometry(config.layers(), config.kvHeads(), config.headDim(), PAGE_TOKENS, precision.kvDtype());
        int pages = geometry.pagesFor(capacityTokens);
        this.library = NativeLibrary.openBundled(directory.resolve("native"));
        this.pool = new FfmKvPool(library, geometry, pages);
        this.retrievalPool = compiled.head().map(each -> retrievalPool(library, each.config(), pages));
        this.runner = new OrtModelRunner(compiled, library.path(), pool.id(), THREADS);
        this.kv = new KvCache(geometry, pages, BlockCutter.fixed(BLOCK_TOKENS), (from, to, slots) -> {
            pool.copyPage(from, to, slots);
            retrievalPool.ifPresent(each -> each.copyPage(from, to, slots));
        });
        this.retriever = compiled.head().map(each -> headRetriever(each, library.path()));
        this.selection = retriever
                .<SelectionStage>map(each -> new SparseSelection(
                        each, kv, pool, settings, SelectionRule.Unit.TOKENS, reuses, System::nanoTime))
                .orElse(SelectionStage.DENSE);
    }

    private FfmRetrievalPool retrievalPool(NativeLibrary library, RetrievalHeadConfig head, int pages) {
        int positions = config.contextLength();
        return new FfmRetrievalPool(
                library,
                new FfmRetrievalPool.Shape(
                        head.groups(), head.kvHeads(), head.queryHeads(), head.headDim(), PAGE_TOKENS, pages),
                positions,
                head.ropeCos(positions),
                head.ropeSin(positions));
    }

    private HeadRetriever headRetriever(CompiledModel.Head head, Path library) {
        FfmRetrievalPool keys = retrievalPool.orElseThrow();
        RetrievalHeadConfig config = head.config();
        OrtHeadRunner queries = new OrtHeadRunner(head, library, keys.id(), THREADS);
        return new HeadRetriever(config.featureWidth(), config.groupOfLayer(), queries, keys);
    }

    public ModelConfig config() {
        return config;
    }

    public Precision precision() {
        return precision;
    }

    public KvCache kv() {
        return kv;
    }

    public Engine engine() {
        return new Engine(kv, pool, runner, selection, runner.vocabularySize());
    }

    /** The pools' blocks as bytes; the model has a head. */
    public BlockCoder blockCoder(BlockFormat format) {
        HeadRetriever head = retriever.orElseThrow();
        return new NativeBlockCoder(
                new FfmBlocks(library, pool),
                Optional.of(new FfmIndexBlocks(library, retrievalPool.orElseThrow())),
                format,
                head.groupOfLayer(),
                new KvGeometry(config.layers(), config.kvHeads(), config.headDim(), PAGE_TOKENS, precision.kvDtype()),
                head.featureWidth());
    }

    /** Rows that were decoded by the selection of an earlier step. */
    public int reusedRows() {
        return reuses.rows;
    }

    /** What the head chose last. */
    SelectionMatrix lastSelection() {
        return retrievalPool.orElseThrow().selection();
    }

    /** What the head reads of the hidden states of all rows of the last run: [rows, featureWidth]. */
    FloatBuffer features() {
        return runner.features();
    }

    /** An engine that selects by the retriever, which it does not own; {@code AUTO} selects blocks. */
    public Engine sparseEngine(Retriever retriever, SelectionSettings settings) {
        SelectionStage selection = new SparseSelection(
                retriever, kv, pool, settings, SelectionRule.Unit.BLOCKS, SelectionListener.NONE, () -> 0L);
        return new Engine(kv, pool, runner, selection, runner.vocabularySize());
    }

    public FfmDescriptors newDescriptors(FfmDescriptors.Kind kind, int groups, int chunks) {
        return new FfmDescriptors(
                library,
                pool,
                config.kvHeads(),
                new FfmDescriptors.Shape(kind, config.heads(), groups, config.slidingWindow(), chunks));
    }

    public DescriptorRetriever descriptorRetriever(FfmDescriptors descriptors, int groups) {
        return new DescriptorRetriever(config.layers(), groups, config.heads(), pool, descriptors);
    }

    /** Counts what a listener hears of reuse. */
    private static final class CountedReuses implements SelectionListener {
        private int rows;

        @Override
        public void selected(int chosenRows, int reusedRows, int chunks, long nanos) {
            rows += reusedRows;
        }

        @Override
        public void weighed(double mass) {}

        @Override
        public void fellBack(FallbackCause cause) {}

        @Override
        public void observed(int observedRows, long nanos) {}
    }

    /** A sequence without any cached prefix. */
    public Run newRun() {
        long id = nextSequence++;
        return new Run(id, new int[] {0}, "run " + id);
    }

    /** A sequence that goes on from what others of the same salt left in the cache. */
    Run newRun(int[] prompt, String salt) {
        return new Run(nextSequence++, prompt, salt);
    }

    /** One sequence that is fed step by step. */
    public final class Run implements AutoCloseable {
        private final long id;
        private final int cached;

        private Run(long id, int[] prompt, String salt) {
            this.id = id;
            this.cached = kv.admit(id, prompt, salt);
        }

        /** Tokens of the prompt that need not be fed. */
        int cached() {
            return cached;
        }

        /** Feeds tokens and gives the logits behind the last {@code rows} of them: [rows][vocabulary]. */
        public float[][] feed(int[] tokens, int rows) {
            return feed(tokens, rows, Optional.empty());
        }

        /** The same with a selection before the run, where {@code sparsity} decodes. */
        public float[][] feed(int[] tokens, int rows, Optional<SequenceSparsity> sparsity) {
            StepPlan plan =
                    new StepPlan(List.of(new SequenceStep(new SlotRequest(id, tokens), Optional.empty(), sparsity)));
            try (StepReservation reservation = kv.reserve(List.of(new SlotRequest(id, tokens)))) {
                StepSlots slots = reservation.slots();
                pool.setStep(slots.queryLengths(), slots.contextLengths(), slots.pageOffsets(), slots.pages());
                selection.select(plan, slots);
                int[] logitRows =
                        IntStream.range(tokens.length - rows, tokens.length).toArray();
                runner.run(tokens, logitRows);
                FloatBuffer logits = runner.logits();
                float[][] result = new float[rows][runner.vocabularySize()];
                for (int row = 0; row < rows; row++) {
                    logits.get(row * runner.vocabularySize(), result[row]);
                }
                selection.observe(plan, slots, runner.features());
                reservation.commit();
                return result;
            }
        }

        /** Feeds a prompt in chunks; the logits behind its last token. */
        public float[] feedInChunks(int[] tokens, int chunkTokens) {
            float[] last = {};
            for (int begin = 0; begin < tokens.length; begin += chunkTokens) {
                int end = Math.min(tokens.length, begin + chunkTokens);
                last = feed(Arrays.copyOfRange(tokens, begin, end), 1)[0];
            }
            return last;
        }

        /** Draws greedily through the engine's own step, beginning with the last token of the prompt already fed. */
        public int[] greedy(Engine engine, int lastToken, int steps) {
            int[] output = new int[steps];
            SamplerState state = new SamplerState(SamplingParams.GREEDY, 0, new int[0]);
            int token = lastToken;
            for (int i = 0; i < steps; i++) {
                SequenceStep step = new SequenceStep(new SlotRequest(id, new int[] {token}), Optional.of(state));
                SampledToken sampled = engine.step(new StepPlan(List.of(step))).getFirst();
                token = sampled.tokenId();
                state.accept(token);
                output[i] = token;
            }
            return output;
        }

        @Override
        public void close() {
            kv.release(id);
        }
    }

    @Override
    public void close() {
        retriever.ifPresent(HeadRetriever::close);
        retrievalPool.ifPresent(FfmRetrievalPool::close);
        runner.close();
        pool.close();
    }
}
