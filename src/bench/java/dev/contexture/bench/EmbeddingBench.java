package dev.contexture.bench;

import dev.contexture.config.EmbeddingHost;
import dev.contexture.config.EmbeddingProperties;
import dev.contexture.core.Precision;
import dev.contexture.metrics.EmbeddingMetrics;
import dev.contexture.model.embedding.EmbeddingModelFiles;
import dev.contexture.model.store.ModelFiles;
import dev.contexture.session.embedding.EmbeddingBounds.TooLong;
import dev.contexture.session.embedding.EmbeddingRequest;
import dev.contexture.session.embedding.EmbeddingResult;
import dev.contexture.session.embedding.EmbeddingService;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Collectors;

/** Texts per second of the embedding model, by how many tokens go into a run and by precision; settings interleaved, medians. */
final class EmbeddingBench {
    private static final int REQUEST_TOKENS = 8192;
    private static final String[] WORDS = """
            the of and to in a is that for it as was with be by on not he his but at are this have from or had an they which one you
            were her all she there would their we him been has when who will more no if out so said what up its about into than them
            can only other new some could time these two may then do first any my now such like our over man me even most made after
            river council engine theory garden music winter signal harbor method animal market paper battle teacher island formula
            """.strip().split("\\s+");

    private EmbeddingBench() {}

    /** One way to compute, with what it took. */
    private record Way(String name, EmbeddingHost host, List<Double> rates) implements AutoCloseable {
        @Override
        public void close() {
            host.close();
        }
    }

    static void run(Options options) throws IOException, InterruptedException {
        int threads = options.threads();
        int repeats = options.number("repeats", 5);
        BenchResult result = new BenchResult(options, files());
        List<Map<String, Object>> rows = new ArrayList<>();
        System.out.printf("%-10s %-16s %10s %10s %12s%n", "words", "way", "texts/s", "tokens/s", "spread");
        for (int words : options.numbers("lengths", "8,16,64,160")) {
            List<Way> ways = new ArrayList<>();
            ways.add(way("fast, alone", Precision.FAST, threads, 1));
            for (int batch : options.numbers("batch", "1,128,256,512,1024,2048")) {
                ways.add(way("exact, " + batch, Precision.EXACT, threads, batch));
            }
            try {
                rows.addAll(measured(ways, texts(words), words, repeats));
            } finally {
                ways.forEach(Way::close);
            }
        }
        result.writeAndSay(rows);
    }

    private static List<Map<String, Object>> measured(List<Way> ways, List<String> texts, int words, int repeats) {
        int tokens = 0;
        for (int repeat = -1; repeat < repeats; repeat++) { // the first one warms up
            for (Way way : ways) {
                long begin = System.nanoTime();
                tokens = embedded(way.host.service(), texts).promptTokens();
                if (repeat >= 0) {
                    way.rates.add(texts.size() / ((System.nanoTime() - begin) / 1e9));
                }
            }
        }
        List<Map<String, Object>> rows = new ArrayList<>();
        for (Way way : ways) {
            double[] rates = way.rates.stream().mapToDouble(Double::doubleValue).toArray();
            double median = Statistics.median(rates);
            double low = Statistics.quantile(rates, 0);
            double high = Statistics.quantile(rates, 1);
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("words", words);
            row.put("way", way.name);
            row.put("texts", texts.size());
            row.put("tokens", tokens);
            row.put("texts_per_second", median);
            row.put("lowest", low);
            row.put("highest", high);
            rows.add(row);
            System.out.printf(
                    Locale.ROOT,
                    "%-10d %-16s %10.1f %10.0f %5.0f..%5.0f%n",
                    words,
                    way.name,
                    median,
                    median * tokens / texts.size(),
                    low,
                    high);
        }
        return rows;
    }

    private static EmbeddingResult embedded(EmbeddingService service, List<String> texts) {
        EmbeddingResult result = service.embed(EmbeddingRequest.of(texts)).block();
        if (result == null) {
            throw new IllegalStateException("the texts were embedded without an answer");
        }
        return result;
    }

    private static Way way(String name, Precision precision, int threads, int batchTokens) {
        EmbeddingProperties properties = new EmbeddingProperties(
                EmbeddingModelFiles.ALL_MINILM,
                precision,
                false,
                threads,
                512,
                TooLong.REFUSE,
                1 << 16,
                1 << 20,
                batchTokens,
                64,
                1 << 20);
        EmbeddingMetrics metrics = new EmbeddingMetrics(new SimpleMeterRegistry(), properties.model());
        return new Way(name, new EmbeddingHost(properties, metrics, Instant.now()), new ArrayList<>());
    }

    /** Of half to one and a half times the length, as texts of one kind are. */
    private static List<String> texts(int words) {
        SplittableRandom random = new SplittableRandom(words);
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < Math.max(16, REQUEST_TOKENS / words); i++) {
            texts.add(random.ints(random.nextInt(words / 2, words * 3 / 2 + 1), 0, WORDS.length)
                    .mapToObj(word -> WORDS[word])
                    .collect(Collectors.joining(" ")));
        }
        return texts;
    }

    private static ModelFiles files() {
        EmbeddingModelFiles files = EmbeddingModelFiles.allMiniLm();
        try {
            String sha256 = HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(files.graph()));
            return new ModelFiles(files.id(), Path.of("all-minilm-l6-v2-q.onnx"), sha256);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
