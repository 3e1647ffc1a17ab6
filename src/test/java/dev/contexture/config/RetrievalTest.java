package dev.contexture.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.contexture.core.KvDtype;
import dev.contexture.core.KvGeometry;
import dev.contexture.model.arch.ModelConfig;
import dev.contexture.model.arch.RopeConfig;
import dev.contexture.model.graph.CompiledModel;
import dev.contexture.model.head.RetrievalHeadConfig;
import dev.contexture.nativelib.BlockFormat;
import dev.contexture.nativelib.FfmDescriptors;
import dev.contexture.nativelib.FfmRetrievalPool;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.util.unit.DataSize;

/** What a retriever takes of the device's memory, and what it cannot do with the model and the blocks it is given. */
class RetrievalTest {
    private static final int LAYERS = 30;
    private static final int KV_HEADS = 3;
    private static final int HEAD_DIM = 64;
    private static final int CONTEXT = 8192;
    private static final ModelConfig MODEL = new ModelConfig(
            ModelConfig.Family.LLAMA,
            LAYERS,
            576,
            9,
            KV_HEADS,
            HEAD_DIM,
            1536,
            49_152,
            CONTEXT,
            1e-5f,
            new RopeConfig(100_000, new RopeConfig.None()),
            0,
            true);
    private static final RetrievalHeadConfig HEAD = new RetrievalHeadConfig(
            LAYERS,
            576,
            49_152,
            1,
            Collections.nCopies(LAYERS, 0),
            KV_HEADS,
            9,
            HEAD_DIM,
            List.of(0),
            1e4,
            1e-5f,
            8192);

    private static SparsityProperties sparsity(String... values) {
        return bind("contexture.sparsity", SparsityProperties.class, values);
    }

    private static <T> T bind(String prefix, Class<T> type, String... values) {
        MapConfigurationPropertySource source = new MapConfigurationPropertySource();
        for (int i = 0; i < values.length; i += 2) {
            source.put(prefix + "." + values[i], values[i + 1]);
        }
        return new Binder(source).bindOrCreate(prefix, type);
    }

    private static CompiledModel compiled(Optional<RetrievalHeadConfig> head) {
        return new CompiledModel(
                Path.of("graph"),
                "f",
                MODEL,
                head.map(config -> new CompiledModel.Head(Path.of("keys"), Path.of("query"), config)));
    }

    @ParameterizedTest
    @ValueSource(ints = {8, 32, 128})
    void descriptorsAndPagesTogetherFitTheDevice(int pageTokens) {
        for (String kind : List.of("min-max", "mean")) {
            SparsityProperties settings = sparsity("selector", "descriptors", "descriptor", kind);
            Retrieval.Footprint beside = Retrieval.footprint(settings, compiled(Optional.empty()), pageTokens, 0);
            KvGeometry geometry = new KvGeometry(LAYERS, KV_HEADS, HEAD_DIM, pageTokens, KvDtype.F16);
            DataSize device = DataSize.ofMegabytes(700);
            int pages = new KvProperties(
                            pageTokens,
                            device,
                            DataSize.ofBytes(0),
                            DataSize.ofBytes(0),
                            BlockFormat.INT8,
                            0,
                            1,
                            1,
                            0,
                            DataSize.ofBytes(0))
                    .pages(beside.fixedBytes(), geometry.bytesPerPage() + beside.bytesPerPage(), CONTEXT);
            long store = Retrieval.chunks(pages, pageTokens)
                    * FfmDescriptors.Shape.chunkBytes(settings.descriptor(), LAYERS, KV_HEADS, HEAD_DIM);
            long taken = pages * geometry.bytesPerPage() + store;
            assertThat(taken).as(kind).isLessThanOrEqualTo(device.toBytes());
            assertThat(taken).as("%s: next to nothing is left over", kind).isGreaterThan(device.toBytes() * 99 / 100);
        }
    }

    @Test
    void onlyWhatChoosesTakesMemory() {
        CompiledModel headless = compiled(Optional.empty());
        assertThat(Retrieval.footprint(sparsity("selector", "none"), headless, 32, 0))
                .isEqualTo(new Retrieval.Footprint(0, 0));
        assertThat(Retrieval.footprint(sparsity(), headless, 32, 0).bytesPerPage())
                .isPositive();
        assertThat(Retrieval.footprint(sparsity(), compiled(Optional.of(HEAD)), 32, 0))
                .isEqualTo(new Retrieval.Footprint(0, FfmRetrievalPool.Shape.bytesPerPage(1, KV_HEADS, HEAD_DIM, 32)));
    }

    @Test
    void featuresThatADeviceKeepsAreCounted() {
        assertThat(Retrieval.featureRows(4, false)).as("one for nobody").isEqualTo(5);
        int rows = Retrieval.featureRows(4, true);
        assertThat(rows).isEqualTo(5 * 64);
        assertThat(Retrieval.footprint(sparsity(), compiled(Optional.of(HEAD)), 32, rows)
                        .fixedBytes())
                .isEqualTo(4L * rows * HEAD.featureWidth());
    }

    @Test
    void aDeviceThatTheFixedPartFillsIsTooSmall() {
        KvProperties small = new KvProperties(
                32,
                DataSize.ofMegabytes(10),
                DataSize.ofBytes(0),
                DataSize.ofBytes(0),
                BlockFormat.INT8,
                0,
                1,
                1,
                0,
                DataSize.ofBytes(0));
        assertThatThrownBy(() -> small.pages(20 << 20, 1 << 20, 64))
                .hasMessageContaining("holds 0 tokens")
                .hasMessageContaining("raise it to " + DataSize.ofMegabytes(22));
    }

    private static SplitProperties blocks(int tokens) {
        return bind("contexture.split", SplitProperties.class, "block-tokens", Integer.toString(tokens));
    }

    @Test
    void aModelWithoutALayerToSelectInIsRefused() {
        Retrieval.requireSound(sparsity("first-dense-layers", "29"), blocks(16), LAYERS, true);
        assertThatThrownBy(() -> Retrieval.requireSound(sparsity("first-dense-layers", "30"), blocks(16), LAYERS, true))
                .isInstanceOf(InvalidSettingException.class)
                .hasMessageContaining("contexture.sparsity.first-dense-layers (30) must be below 30");
        Retrieval.requireSound(sparsity("selector", "none", "first-dense-layers", "30"), blocks(16), LAYERS, false);
    }

    @Test
    void blocksThatDescriptorsHaveNoRoomForAreRefused() {
        for (String selector : List.of("auto", "descriptors")) {
            Retrieval.requireSound(sparsity("selector", selector), blocks(8), LAYERS, false);
            assertThatThrownBy(() -> Retrieval.requireSound(sparsity("selector", selector), blocks(7), LAYERS, false))
                    .isInstanceOf(InvalidSettingException.class)
                    .hasMessageContaining("contexture.split.block-tokens (7), less the slack")
                    .hasMessageContaining("must be at least 8");
        }
        SplitProperties dynamic = bind(
                "contexture.split", SplitProperties.class, "mode", "dynamic", "block-tokens", "8", "slack-tokens", "1");
        assertThatThrownBy(() -> Retrieval.requireSound(sparsity(), dynamic, LAYERS, false))
                .isInstanceOf(InvalidSettingException.class);
        Retrieval.requireSound(sparsity(), blocks(2), LAYERS, true);
        Retrieval.requireSound(sparsity("selector", "none"), blocks(2), LAYERS, false);
    }
}
