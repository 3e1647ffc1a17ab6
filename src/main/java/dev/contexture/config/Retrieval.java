package dev.contexture.config;

import dev.contexture.core.KvGeometry;
import dev.contexture.core.SparsityPolicy;
import dev.contexture.engine.ort.OrtHeadRunner;
import dev.contexture.kv.PageCopier;
import dev.contexture.model.graph.CompiledModel;
import dev.contexture.model.head.BuiltInHeads;
import dev.contexture.model.head.RetrievalHeadConfig;
import dev.contexture.model.head.RetrievalHeadFile;
import dev.contexture.nativelib.FfmKvPool;
import dev.contexture.nativelib.FfmRetrievalPool;
import dev.contexture.nativelib.NativeLibrary;
import dev.contexture.retrieval.HeadRetriever;
import dev.contexture.retrieval.Retriever;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Optional;

/** What chooses what a model's steps attend to, and everything that it needs, opened and closed as one. */
final class Retrieval implements AutoCloseable {
    private final Optional<Retriever> retriever;
    private final Optional<FfmRetrievalPool> pool;
    private final SparsityPolicy policy;

    private Retrieval(Optional<Retriever> retriever, Optional<FfmRetrievalPool> pool, SparsityPolicy policy) {
        this.retriever = retriever;
        this.pool = pool;
        this.policy = policy;
    }

    /**
     * The head that settings ask for, or that was made for the model.
     *
     * @param directory takes heads that are unpacked
     * @throws dev.contexture.model.ModelFormatException if the file is no sound head
     */
    static Optional<RetrievalHeadFile> findHead(SparsityProperties settings, String modelSha256, Path directory) {
        boolean wanted = settings.selector() == SparsityProperties.Selector.AUTO
                || settings.selector() == SparsityProperties.Selector.HEAD;
        if (!wanted) {
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
            return path.isEmpty() ? Optional.empty() : Optional.of(RetrievalHeadFile.open(path.get()));
        } catch (IOException e) {
            throw new UncheckedIOException("the retrieval head cannot be read: " + e.getMessage(), e);
        }
    }

    /**
     * @param pages of the KV pool
     * @param positions longest sequence in tokens
     */
    static Retrieval open(
            SparsityProperties settings,
            CompiledModel compiled,
            NativeLibrary library,
            KvGeometry geometry,
            int pages,
            int positions,
            int threads) {
        if (compiled.head().isEmpty()) {
            return new Retrieval(Optional.empty(), Optional.empty(), SparsityPolicy.DENSE_ONLY);
        }
        CompiledModel.Head head = compiled.head().get();
        RetrievalHeadConfig config = head.config();
        FfmRetrievalPool pool = new FfmRetrievalPool(
                library,
                new FfmRetrievalPool.Shape(
                        config.groups(),
                        config.kvHeads(),
                        config.queryHeads(),
                        config.headDim(),
                        geometry.pageTokens(),
                        pages),
                positions,
                config.ropeCos(positions),
                config.ropeSin(positions));
        try {
            OrtHeadRunner runner = new OrtHeadRunner(head, library.path(), pool.id(), threads);
            return new Retrieval(
                    Optional.of(new HeadRetriever(config, runner, pool)), Optional.of(pool), settings.policy(true));
        } catch (RuntimeException e) {
            pool.close();
            throw e;
        }
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

    /** Bytes of the retriever's own cache. */
    long bytes() {
        return pool.map(FfmRetrievalPool::bytes).orElse(0L);
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
