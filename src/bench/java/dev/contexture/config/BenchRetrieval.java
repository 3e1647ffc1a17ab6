package dev.contexture.config;

import dev.contexture.core.KvGeometry;
import dev.contexture.core.SelectionRule;
import dev.contexture.engine.ort.CudaModelRunner;
import dev.contexture.kv.PageCopier;
import dev.contexture.model.graph.CompiledModel;
import dev.contexture.model.head.RetrievalHeadFile;
import dev.contexture.nativelib.FfmKvPool;
import dev.contexture.nativelib.NativeLibrary;
import dev.contexture.retrieval.Retriever;
import dev.contexture.selection.SelectionSettings;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

/** The service's own retrieval and its defaults, for benchmarks that put an engine together without a service. */
public final class BenchRetrieval implements AutoCloseable {
    private final Retrieval retrieval;

    private BenchRetrieval(Retrieval retrieval) {
        this.retrieval = retrieval;
    }

    /**
     * The settings of a service that was given these.
     *
     * @param values without their common prefix, for instance selector, head
     */
    public static SparsityProperties settings(Map<String, String> values) {
        MapConfigurationPropertySource source = new MapConfigurationPropertySource();
        values.forEach((name, value) -> source.put("contexture.sparsity." + name, value));
        return new Binder(source).bindOrCreate("contexture.sparsity", SparsityProperties.class);
    }

    public static SelectionSettings selection(SparsityProperties settings) {
        return settings.settings();
    }

    /**
     * The head that settings ask for, or that was made for the model.
     *
     * @param directory takes heads that are unpacked
     */
    public static Optional<RetrievalHeadFile> findHead(
            SparsityProperties settings, String modelSha256, Path directory) {
        return Retrieval.findHead(settings, modelSha256, directory);
    }

    /**
     * What the service would open.
     *
     * @param pages of the KV pool
     * @param positions longest sequence in tokens
     */
    public static BenchRetrieval open(
            SparsityProperties settings,
            CompiledModel compiled,
            NativeLibrary library,
            KvGeometry geometry,
            FfmKvPool kv,
            int pages,
            int positions,
            int threads) {
        Retrieval.Place place =
                new Retrieval.Place(Optional.empty(), library, geometry, kv, pages, positions, 0, false, threads);
        return new BenchRetrieval(Retrieval.open(settings, compiled, place));
    }

    /**
     * The same for a model on a device.
     *
     * @param library for devices
     * @param sequences that run at a time
     */
    public static BenchRetrieval open(
            SparsityProperties settings,
            CompiledModel compiled,
            CudaModelRunner device,
            NativeLibrary library,
            KvGeometry geometry,
            FfmKvPool kv,
            int pages,
            int positions,
            int sequences) {
        Retrieval.Place place =
                new Retrieval.Place(Optional.of(device), library, geometry, kv, pages, positions, sequences, false, 0);
        return new BenchRetrieval(Retrieval.open(settings, compiled, place));
    }

    /** Memory that what {@link #open} opens takes beside each page of the KV pool. */
    public static long bytesPerPage(SparsityProperties settings, CompiledModel compiled, int pageTokens) {
        return Retrieval.footprint(settings, compiled, pageTokens).bytesPerPage();
    }

    public Optional<Retriever> retriever() {
        return retrieval.retriever();
    }

    /** Copies in all pools that share the KV pool's page ids. */
    public PageCopier copier(FfmKvPool kv) {
        return retrieval.copier(kv);
    }

    /** What the mode auto selects. */
    public SelectionRule.Unit automaticUnit() {
        return retrieval.automaticUnit();
    }

    @Override
    public void close() {
        retrieval.close();
    }
}
