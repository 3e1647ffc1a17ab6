package dev.contexture.bench;

import com.github.luben.zstd.Zstd;
import dev.contexture.bench.BenchTexts.Text;
import dev.contexture.bench.StoredContext.Span;
import dev.contexture.core.Sparsity;
import dev.contexture.kv.BlockCutter;
import dev.contexture.model.store.ModelFiles;
import dev.contexture.nativelib.BlockFormat;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Whether general compression pays on stored values: zstd on those of real contexts, as they are and with their bytes shuffled. */
final class CompressionBench {
    private static final int BLOCK_TOKENS = 16;
    private static final List<Integer> LEVELS = List.of(1, 3);

    /** Bytes at equal places in elements of so many bytes lie together: 2: halves; 64: a row of bytes of the default model. */
    private static final List<Integer> STRIDES = List.of(1, 2, 64);

    private final Map<Cell, Sum> sums = new LinkedHashMap<>();

    private record Cell(BlockFormat format, int stride, int level) {}

    private record Sum(long plainBytes, long compressedBytes, long compressNanos, long decompressNanos) {
        Sum plus(Sum other) {
            return new Sum(
                    plainBytes + other.plainBytes,
                    compressedBytes + other.compressedBytes,
                    compressNanos + other.compressNanos,
                    decompressNanos + other.decompressNanos);
        }
    }

    private CompressionBench() {}

    static void run(Options options) throws IOException, InterruptedException {
        new CompressionBench().measure(options);
    }

    private void measure(Options options) throws IOException, InterruptedException {
        ModelFiles model = BenchModel.fetch(options);
        int context = options.number("context", 2048);
        int windows = options.number("windows", 2);
        int block = options.number("block", BLOCK_TOKENS);
        EngineParts.Settings settings = new EngineParts.Settings(
                model, SparsityOptions.of(options), 2 * context, options.threads(), BlockCutter.fixed(block));
        try (EngineParts parts = new EngineParts(settings)) {
            BenchTexts texts = BenchTexts.open(options, parts.tokenizer());
            BenchResult result = new BenchResult(options, model).with("texts", texts.provenance());
            for (Text text : texts.inTurns(options.texts("kinds", BenchTexts.KINDS), windows, context)) {
                compress(parts, new Selectors(parts, model, 0).dense(), text, block);
            }
            print();
            result.writeAndSay(rows());
        }
    }

    private void compress(EngineParts parts, Selector dense, Text text, int block) {
        SparseHarness harness = new SparseHarness(parts);
        int[] tokens = text.tokens();
        try (SparseHarness.Run run = harness.start(harness.engine(dense.stage()), Sparsity.DENSE, tokens, 0)) {
            for (BlockFormat format : BlockFormat.values()) {
                Span all = new Span(0, tokens.length, block);
                try (StoredContext stored =
                        new StoredContext(parts, parts.retriever().groupOfLayer(), run.pages(), all, format)) {
                    for (MemorySegment value : stored.stored()) {
                        compress(format, value.toArray(ValueLayout.JAVA_BYTE));
                    }
                }
            }
        }
    }

    private void compress(BlockFormat format, byte[] value) {
        for (int stride : STRIDES) {
            byte[] shuffled = shuffled(value, stride);
            for (int level : LEVELS) {
                long begin = System.nanoTime();
                byte[] compressed = Zstd.compress(shuffled, level);
                long between = System.nanoTime();
                byte[] back = Zstd.decompress(compressed, value.length);
                long end = System.nanoTime();
                if (back.length != value.length) {
                    throw new IllegalStateException("a value did not come back whole");
                }
                sums.merge(
                        new Cell(format, stride, level),
                        new Sum(value.length, compressed.length, between - begin, end - between),
                        Sum::plus);
            }
        }
    }

    private static byte[] shuffled(byte[] value, int stride) {
        byte[] shuffled = new byte[value.length];
        int at = 0;
        for (int first = 0; first < stride; first++) {
            for (int i = first; i < value.length; i += stride) {
                shuffled[at++] = value[i];
            }
        }
        return shuffled;
    }

    private List<Map<String, Object>> rows() {
        List<Map<String, Object>> rows = new ArrayList<>();
        sums.forEach((cell, sum) -> {
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("format", cell.format.name().toLowerCase(Locale.ROOT));
            row.put("shuffle_stride", cell.stride);
            row.put("zstd_level", cell.level);
            row.put("compressed_share", (double) sum.compressedBytes / sum.plainBytes);
            row.put("compress_mb_s", 1e3 * sum.plainBytes / sum.compressNanos);
            row.put("decompress_mb_s", 1e3 * sum.plainBytes / sum.decompressNanos);
            rows.add(row);
        });
        return rows;
    }

    private void print() {
        rows().forEach(row -> System.out.printf(
                Locale.ROOT,
                "%-22s shuffle %2d level %d: %.3f of the bytes, %.0f MB/s in, %.0f MB/s out%n",
                row.values().toArray()));
    }
}
