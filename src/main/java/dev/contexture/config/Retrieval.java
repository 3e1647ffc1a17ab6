package dev.contexture.config;

import dev.contexture.core.KvGeometry;
import dev.contexture.core.SelectionRule;
import dev.contexture.core.SparsityPolicy;
import dev.contexture.engine.ort.CudaHead;
import dev.contexture.engine.ort.CudaModelRunner;
import dev.contexture.engine.ort.OrtHeadRunner;
import dev.contexture.kv.PageCopier;
import dev.contexture.model.ModelFormatException;
import dev.contexture.model.arch.ModelConfig;
import dev.contexture.model.graph.CompiledModel;
import dev.contexture.model.head.BuiltInHeads;
import dev.contexture.model.head.RetrievalHeadConfig;
import dev.contexture.model.head.RetrievalHeadFile;
import dev.contexture.nativelib.FfmDescriptors;
import dev.contexture.nativelib.FfmIndexBlocks;
import dev.contexture.nativelib.FfmKvPool;
import dev.contexture.nativelib.FfmRetrievalPool;
import dev.contexture.nativelib.NativeIndexBlocks;
import dev.contexture.nativelib.NativeLibrary;
import dev.contexture.retrieval.DescriptorRetriever;
import dev.contexture.retrieval.DeviceHeadRetriever;
import dev.contexture.retrieval.HeadRetriever;
import dev.contexture.retrieval.Retriever;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What chooses what a model's steps attend to, and everything that it needs: the one owner of all of it. */
final class Retrieval implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Retrieval.class);
    /**
     * The descriptors' store has room for blocks of so many tokens throughout the KV pool, half of what the usual ones have:
     * short blocks and prefixes that several sequences share find room as well.
     */
    private static final int LEAST_BLOCK_TOKENS = 8;
    /** The store has a chunk for as many tokens of the KV pool. */
    private static final int CHUNK_TOKENS = LEAST_BLOCK_TOKENS * FfmDescriptors.Shape.CHUNK_PIECES;
    /** The last chunk of each sequence is mostly half empty. */
    private static final int SPARE_CHUNKS = 64;

    private final Optional<Retriever> retriever;
    private final Optional<FfmRetrievalPool> pool;
    private final SparsityPolicy policy;
    private final SelectionRule.Unit automaticUnit;
    private final int carriedNumbers;

    private Retrieval(
            Optional<Retriever> retriever,
            Optional<FfmRetrievalPool> pool,
            SparsityPolicy policy,
            SelectionRule.Unit automaticUnit,
            int carriedNumbers) {
        this.retriever = retriever;
        this.pool = pool;
        this.policy = policy;
        this.automaticUnit = automaticUnit;
        this.carriedNumbers = carriedNumbers;
    }

    /**
     * The head that settings ask for, or that was made for the model.
     *
     * @param directory takes heads that are unpacked
     * @throws InvalidSettingException if the file cannot be read or is no sound head
     */
    static Optional<RetrievalHeadFile> findHead(SparsityProperties settings, String modelSha256, Path directory) {
        if (!settings.selector().takesHead()) {
            return Optional.empty();
        }
        try {
            Optional<Path> path = settings.head().isEmpty()
                    ? BuiltInHeads.unpack(modelSha256, directory)
                    : Optional.of(Path.of(settings.head()));
            if (path.isEmpty() && settings.selector() == SparsityProperties.Selector.HEAD) {
                throw new InvalidSettingException(new IllegalArgumentException(
                        "contexture.sparsity.selector is head, but there is no head for this model: name its file in"
                                + " contexture.sparsity.head, or set the selector to auto"));
            }
            Optional<RetrievalHeadFile> head =
                    path.isEmpty() ? Optional.empty() : Optional.of(RetrievalHeadFile.open(path.get()));
            if (head.isPresent() && !head.get().targetSha256().equals(modelSha256)) {
                LOG.warn(
                        "The retrieval head {} was trained for another model file (SHA-256 {}); what it selects may be"
                                + " poor. Train one for this file, or leave contexture.sparsity.head empty.",
                        settings.head(),
                        head.get().targetSha256());
            }
            return head;
        } catch (IOException e) {
            throw new InvalidSettingException(new IllegalArgumentException(
                    "the retrieval head of contexture.sparsity.head cannot be read (" + e
                            + "): name a file that exists, or leave the setting empty",
                    e));
        } catch (ModelFormatException e) {
            throw new InvalidSettingException(new IllegalArgumentException(
                    "contexture.sparsity.head: " + e.getMessage() + "; train it again, or leave the setting empty", e));
        }
    }

    /**
     * Checks what the settings alone do not tell.
     *
     * @param layers of the model
     * @param head whether a head was found
     * @throws InvalidSettingException if nothing would be selected, or the descriptors' store would be too small for the blocks
     */
    static void requireSound(SparsityProperties settings, SplitProperties split, int layers, boolean head) {
        if (settings.selector() != SparsityProperties.Selector.NONE && settings.firstDenseLayers() >= layers) {
            throw new InvalidSettingException(new IllegalArgumentException("contexture.sparsity.first-dense-layers ("
                    + settings.firstDenseLayers() + ") must be below " + layers
                    + ", the model's layers; to attend to everything in all of them set contexture.sparsity.selector"
                    + " to none"));
        }
        if (!head && settings.selector().takesDescriptors() && split.settings().shortest() < LEAST_BLOCK_TOKENS) {
            throw new InvalidSettingException(new IllegalArgumentException("contexture.split.block-tokens ("
                    + split.blockTokens() + "), less the slack where the mode has any, must be at least "
                    + LEAST_BLOCK_TOKENS
                    + " where descriptors of blocks select, as they do for this model: there is no room for more of"
                    + " them; raise it, or set contexture.sparsity.selector to none"));
        }
    }

    /**
     * What a retriever keeps takes memory of the device.
     *
     * @param fixedBytes whatever the KV pool's size
     * @param bytesPerPage beside each of its pages
     */
    record Footprint(long fixedBytes, long bytesPerPage) {
        private static final Footprint NONE = new Footprint(0, 0);
    }

    /** Of what {@link #open} will open. */
    static Footprint footprint(SparsityProperties settings, CompiledModel compiled, int pageTokens) {
        if (compiled.head().isPresent()) {
            RetrievalHeadConfig head = compiled.head().get().config();
            return new Footprint(
                    0, FfmRetrievalPool.Shape.bytesPerPage(head.groups(), head.kvHeads(), head.headDim(), pageTokens));
        }
        if (!settings.selector().takesDescriptors()) {
            return Footprint.NONE;
        }
        ModelConfig model = compiled.config();
        long chunk = FfmDescriptors.Shape.chunkBytes(
                settings.descriptor(), model.layers(), model.kvHeads(), model.headDim());
        return new Footprint(SPARE_CHUNKS * chunk, Math.ceilDiv(chunk * pageTokens, (long) CHUNK_TOKENS));
    }

    /** Chunks of the descriptors' store beside so many pages. */
    static int chunks(int pages, int pageTokens) {
        return Math.toIntExact(SPARE_CHUNKS + (long) pages * pageTokens / CHUNK_TOKENS);
    }

    /**
     * Where a retriever works.
     *
     * @param device runs the model where it is on one; a head then works there, too
     * @param library through which its pool was made
     * @param sequences that run at a time
     * @param pages of the KV pool
     * @param positions longest sequence in tokens
     * @param resumes whether sequences may go on after they ended, from what is kept of them
     */
    record Place(
            Optional<CudaModelRunner> device,
            NativeLibrary library,
            KvGeometry geometry,
            FfmKvPool kv,
            int pages,
            int positions,
            int sequences,
            boolean resumes,
            int threads) {}

    /**
     * By the model's head if it was compiled with one, else by descriptors, unless nothing is to choose.
     *
     * @throws IllegalArgumentException if there are not as many layers as groups of them are wanted
     */
    static Retrieval open(SparsityProperties settings, CompiledModel compiled, Place place) {
        requirePossible(settings, compiled, place);
        if (compiled.head().isPresent()) {
            return withHead(settings, compiled.head().get(), place);
        }
        return switch (settings.selector()) {
            case AUTO ->
                place.device.isPresent() ? dense(settings) : withDescriptors(settings, compiled.config(), place);
            case DESCRIPTORS -> withDescriptors(settings, compiled.config(), place);
            case HEAD -> throw new IllegalStateException("a head was found or the start ended before");
            case NONE -> dense(settings);
        };
    }

    private static Retrieval dense(SparsityProperties settings) {
        return new Retrieval(
                Optional.empty(), Optional.empty(), SparsityPolicy.DENSE_ONLY, settings.automaticUnit(), 0);
    }

    /** What devices cannot do yet is said at the start. */
    private static void requirePossible(SparsityProperties settings, CompiledModel compiled, Place place) {
        if (!place.device.isPresent()) {
            return;
        }
        if (settings.selector() == SparsityProperties.Selector.DESCRIPTORS
                && compiled.head().isEmpty()) {
            throw new IllegalArgumentException("contexture.sparsity.selector is descriptors, but on CUDA devices only a"
                    + " retrieval head selects: set it to auto, or contexture.engine.provider to cpu");
        }
        if (settings.prefillBudget() > 0) {
            throw new IllegalArgumentException("contexture.sparsity.prefill-budget bounds what chunks of"
                    + " prompts see, but CUDA devices compute prompts whole: leave it at 0, or set"
                    + " contexture.engine.provider to cpu");
        }
    }

    private static Retrieval withHead(SparsityProperties settings, CompiledModel.Head head, Place place) {
        RetrievalHeadConfig config = head.config();
        if (place.positions > config.trainedLength()) {
            LOG.warn(
                    "The retrieval head was trained on texts of {} tokens, sequences may have {}: nothing is known of what it"
                            + " selects beyond",
                    config.trainedLength(),
                    place.positions);
        }
        FfmRetrievalPool pool = new FfmRetrievalPool(
                place.library,
                new FfmRetrievalPool.Shape(
                        config.groups(),
                        config.kvHeads(),
                        config.queryHeads(),
                        config.headDim(),
                        place.geometry.pageTokens(),
                        place.pages),
                place.positions,
                config.ropeCos(place.positions),
                config.ropeSin(place.positions));
        try {
            return new Retrieval(
                    Optional.of(retriever(head, pool, place)),
                    Optional.of(pool),
                    settings.policy(true),
                    settings.automaticUnit(),
                    config.featureWidth());
        } catch (RuntimeException e) {
            pool.close();
            throw e;
        }
    }

    private static Retriever retriever(CompiledModel.Head head, FfmRetrievalPool pool, Place place) {
        RetrievalHeadConfig config = head.config();
        if (place.device.isPresent()) {
            int kept = place.resumes ? DeviceHeadRetriever.resumable() : 1;
            int rows = DeviceHeadRetriever.rows(place.sequences, kept);
            return new DeviceHeadRetriever(
                    config.groupOfLayer(),
                    new CudaHead(head, place.library, pool, place.device.get(), rows),
                    pool,
                    kept);
        }
        OrtHeadRunner runner = new OrtHeadRunner(head, place.library.path(), pool.id(), place.threads);
        return new HeadRetriever(config.featureWidth(), config.groupOfLayer(), runner, pool);
    }

    private static Retrieval withDescriptors(SparsityProperties settings, ModelConfig model, Place place) {
        int groups = settings.descriptorGroupsOr(model.layers());
        FfmDescriptors descriptors = new FfmDescriptors(
                place.library,
                place.kv,
                model.kvHeads(),
                new FfmDescriptors.Shape(
                        settings.descriptor(),
                        model.heads(),
                        groups,
                        model.slidingWindow(),
                        chunks(place.pages, place.geometry.pageTokens())));
        return new Retrieval(
                Optional.of(new DescriptorRetriever(model.layers(), groups, model.heads(), place.kv, descriptors)),
                Optional.empty(),
                settings.policy(false),
                SelectionRule.Unit.BLOCKS,
                0);
    }

    Optional<Retriever> retriever() {
        return retriever;
    }

    SparsityPolicy policy() {
        return policy;
    }

    /** For logs and clients: head, descriptors or none. */
    String selector() {
        return retriever.map(Retriever::name).orElse("none");
    }

    /** What the mode auto selects. */
    SelectionRule.Unit automaticUnit() {
        return automaticUnit;
    }

    /** The head's keys as bytes; empty where there is no head. */
    Optional<NativeIndexBlocks> index(NativeLibrary library) {
        return pool.map(keys -> new FfmIndexBlocks(library, keys));
    }

    /** The layer groups that blocks are stored by: those of the head, or all layers as one. */
    int[] groupOfLayer(int layers) {
        return pool.isPresent() ? retriever.orElseThrow().groupOfLayer() : new int[layers];
    }

    /** Numbers that the head carries from one token to the next; 0 where there is no head. */
    int carriedNumbers() {
        return carriedNumbers;
    }

    /** Copies in all pools that share the KV pool's page ids. */
    PageCopier copier(FfmKvPool kv) {
        return (from, to, slots) -> {
            kv.copyPage(from, to, slots);
            pool.ifPresent(keys -> keys.copyPage(from, to, slots));
        };
    }

    /** The runner first, then the pool that it works on. */
    @Override
    public void close() {
        retriever.ifPresent(Retriever::close);
        pool.ifPresent(FfmRetrievalPool::close);
    }
}
