package dev.contexture.engine.ort;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.core.Precision;
import dev.contexture.core.SelectionMatrix;
import dev.contexture.core.Sparsity;
import dev.contexture.core.SparsityMode;
import dev.contexture.engine.SequenceSparsity;
import dev.contexture.engine.WarmUp;
import dev.contexture.model.arch.ModelSource;
import dev.contexture.model.arch.TensorData;
import dev.contexture.model.arch.TensorDecoder;
import dev.contexture.model.head.RetrievalHeadConfig;
import dev.contexture.model.head.RetrievalHeadFile;
import dev.contexture.model.safetensors.SafetensorsModelSource;
import dev.contexture.selection.SelectionSettings;
import dev.contexture.testing.TinyHead;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The head's graphs and kernels together, against the head's definition in plain Java on the same features. */
class HeadSelectionTest {
    private static final int TOKENS = 200;
    private static final Sparsity POLICY = new Sparsity(SparsityMode.TOKENS, 60, 4, 16, 60);

    @TempDir
    private static Path directory;

    @Test
    void choosesWhatTheDefinitionWeighsMost() throws IOException {
        int[] tokens = new Random(3).ints(TOKENS + 1, 2, 288).toArray();
        try (ModelSource source =
                        SafetensorsModelSource.open(Path.of("src", "test", "resources", "golden", "tiny", "llama3"));
                RetrievalHeadFile head = RetrievalHeadFile.open(
                        new TinyHead(source.config(), 2, 2, 4, 16).write(directory.resolve("head.safetensors")));
                LoadedModel model = new LoadedModel(
                        source, "tiny", Precision.EXACT, directory, 512, Optional.of(head), SelectionSettings.DEFAULT);
                LoadedModel.Run run = model.newRun()) {
            SequenceSparsity sparsity = new SequenceSparsity(POLICY, SelectionSettings.DEFAULT);
            run.feed(Arrays.copyOf(tokens, TOKENS), 1, Optional.of(sparsity));
            Reference reference = new Reference(source, head, tokens, model.features());
            sparsity.beginDecode();
            run.feed(new int[] {tokens[TOKENS]}, 1, Optional.of(sparsity));

            requireHeaviest(reference, model.lastSelection());
            assertThat(sparsity.usage().sparseSteps()).isEqualTo(1);
        }
    }

    /** The keys of tokens that came one by one are made late, but in time. */
    @Test
    void choosesAmongTokensThatCameOneByOne() throws IOException {
        int single = 77;
        int[] tokens = new Random(4).ints(TOKENS + 1, 2, 288).toArray();
        try (ModelSource source =
                        SafetensorsModelSource.open(Path.of("src", "test", "resources", "golden", "tiny", "llama3"));
                RetrievalHeadFile head = RetrievalHeadFile.open(
                        new TinyHead(source.config(), 2, 2, 4, 16).write(directory.resolve("head.safetensors")));
                LoadedModel model = new LoadedModel(
                        source, "tiny", Precision.EXACT, directory, 512, Optional.of(head), SelectionSettings.DEFAULT);
                LoadedModel.Run run = model.newRun()) {
            SequenceSparsity sparsity = new SequenceSparsity(POLICY, SelectionSettings.DEFAULT);
            FloatBuffer features = FloatBuffer.allocate(TOKENS * head.config().featureWidth());
            run.feed(Arrays.copyOf(tokens, TOKENS - single), 1, Optional.of(sparsity));
            features.put(model.features().duplicate());
            for (int position = TOKENS - single; position < TOKENS; position++) {
                run.feed(new int[] {tokens[position]}, 1, Optional.of(sparsity)); // not yet decoding: attended whole
                features.put(model.features().duplicate());
            }
            sparsity.beginDecode();
            run.feed(new int[] {tokens[TOKENS]}, 1, Optional.of(sparsity));

            requireHeaviest(new Reference(source, head, tokens, features.flip()), model.lastSelection());
        }
    }

    /** A page that decoding filled in part goes on in another sequence, with the keys of what it holds. */
    @Test
    void choosesAmongWhatAnotherSequenceDecoded() throws IOException {
        int prompt = 150;
        int decoded = 40;
        int[] tokens = new Random(5).ints(TOKENS + 1, 2, 288).toArray();
        try (ModelSource source =
                        SafetensorsModelSource.open(Path.of("src", "test", "resources", "golden", "tiny", "llama3"));
                RetrievalHeadFile head = RetrievalHeadFile.open(
                        new TinyHead(source.config(), 2, 2, 4, 16).write(directory.resolve("head.safetensors")));
                LoadedModel model = new LoadedModel(
                        source,
                        "tiny",
                        Precision.EXACT,
                        directory,
                        512,
                        Optional.of(head),
                        SelectionSettings.DEFAULT)) {
            int width = head.config().featureWidth();
            FloatBuffer features = FloatBuffer.allocate(TOKENS * width);
            try (LoadedModel.Run run = model.newRun(Arrays.copyOf(tokens, prompt), "shared")) {
                Optional<SequenceSparsity> sparsity =
                        Optional.of(new SequenceSparsity(POLICY, SelectionSettings.DEFAULT));
                run.feed(Arrays.copyOf(tokens, prompt), 1, sparsity);
                features.put(model.features().duplicate());
                for (int position = prompt; position < prompt + decoded; position++) {
                    run.feed(new int[] {tokens[position]}, 1, sparsity); // not yet decoding: attended whole
                    features.put(model.features().duplicate());
                }
            }
            try (LoadedModel.Run run = model.newRun(Arrays.copyOf(tokens, TOKENS), "shared")) {
                assertThat(run.cached())
                        .as("up to the last block whose keys are there")
                        .isEqualTo(176);
                SequenceSparsity sparsity = new SequenceSparsity(POLICY, SelectionSettings.DEFAULT);
                run.feed(Arrays.copyOfRange(tokens, 176, TOKENS), 1, Optional.of(sparsity));
                features.position(176 * width).put(model.features().duplicate());
                sparsity.beginDecode();
                run.feed(new int[] {tokens[TOKENS]}, 1, Optional.of(sparsity));
                requireHeaviest(new Reference(source, head, tokens, features.flip()), model.lastSelection());
            }
        }
    }

    private static void requireHeaviest(Reference reference, SelectionMatrix chosen) {
        assertThat(chosen.rows()).isEqualTo(1);
        for (int list = 0; list < 4; list++) {
            requireHeaviest(reference.weights(list), positions(chosen, list), "list " + list);
        }
    }

    @Test
    void warmingUpRunsTheQueryGraphTooAndLeavesNothing() throws IOException {
        try (ModelSource source =
                        SafetensorsModelSource.open(Path.of("src", "test", "resources", "golden", "tiny", "llama3"));
                RetrievalHeadFile head = RetrievalHeadFile.open(
                        new TinyHead(source.config(), 2, 2, 4, 16).write(directory.resolve("head.safetensors")));
                LoadedModel model = new LoadedModel(
                        source,
                        "tiny",
                        Precision.EXACT,
                        directory,
                        512,
                        Optional.of(head),
                        SelectionSettings.DEFAULT)) {
            WarmUp.run(model.engine(), model.kv());
            SelectionMatrix chosen = model.lastSelection();
            assertThat(chosen.rows()).isEqualTo(1);
            assertThat(chosen.counts()).containsOnly(2);
            assertThat(model.kv().stats().usedPages()).isZero();
        }
    }

    private static Set<Integer> positions(SelectionMatrix chosen, int list) {
        int begin = list * chosen.stride();
        return Arrays.stream(chosen.positions(), begin, begin + chosen.counts()[list])
                .boxed()
                .collect(Collectors.toSet());
    }

    /** Keys are rounded to 7 steps on both sides, queries on one, which moves weights by some percent; nothing else may differ. */
    private static void requireHeaviest(double[] weights, Set<Integer> chosen, String what) {
        assertThat(chosen).as(what).hasSize(POLICY.budget()).contains(0, 1, 2, 3, TOKENS);
        double least = Double.MAX_VALUE;
        double heaviestLeft = 0;
        for (int position = POLICY.sink(); position <= TOKENS - POLICY.recent(); position++) {
            if (chosen.contains(position)) {
                least = Math.min(least, weights[position]);
            } else {
                heaviestLeft = Math.max(heaviestLeft, weights[position]);
            }
        }
        assertThat(least).as(what).isGreaterThan(0.85 * heaviestLeft);
    }

    /** Weights of all positions for the token behind the fed ones. */
    private static final class Reference {
        private final RetrievalHeadConfig config;
        private final double[][] keyInputs;
        private final double[] queryInput;
        private final float[][] key;
        private final float[][] query;

        private Reference(ModelSource source, RetrievalHeadFile head, int[] tokens, FloatBuffer features) {
            config = head.config();
            key = rows(head.key());
            query = rows(head.query());
            float[][] embedding = rows(Objects.requireNonNull(source.tensors().get("model.embed_tokens.weight")));
            keyInputs = new double[TOKENS][];
            double[] last = {};
            for (int position = 0; position < TOKENS; position++) {
                last = fused(head, features.slice(position * config.featureWidth(), config.featureWidth()));
                keyInputs[position] =
                        concat(normed(doubles(embedding[tokens[position]]), head.norm("embedding_norm")), last);
            }
            queryInput = concat(normed(doubles(embedding[tokens[TOKENS]]), head.norm("embedding_norm")), last);
        }

        private double[] fused(RetrievalHeadFile head, FloatBuffer features) {
            double[] joined = {};
            for (int i = 0; i < config.featureLayers().size(); i++) {
                float[] state = new float[config.hidden()];
                features.get(i * config.hidden(), state);
                joined = concat(joined, normed(doubles(state), head.norm("feature_norm." + i)));
            }
            return normed(product(rows(head.fuse()), joined), head.norm("fused_norm"));
        }

        private double[] weights(int list) {
            int heads = config.queryHeads() / config.kvHeads();
            double[] weights = new double[TOKENS + 1];
            for (int h = list * heads; h < (list + 1) * heads; h++) {
                double[] q = turned(part(query, h, queryInput), TOKENS);
                double[] scores = new double[TOKENS];
                double sum = 0;
                for (int p = POLICY.sink(); p <= TOKENS - POLICY.recent(); p++) {
                    double[] k = rounded(turned(part(key, list, keyInputs[p]), p));
                    for (int i = 0; i < k.length; i++) {
                        scores[p] += q[i] * k[i] / Math.sqrt(config.headDim());
                    }
                    scores[p] = Math.exp(scores[p]);
                    sum += scores[p];
                }
                for (int p = 0; p < TOKENS; p++) {
                    weights[p] = Math.max(weights[p], scores[p] / sum);
                }
            }
            return weights;
        }

        /** The outputs of one head of a product. */
        private double[] part(float[][] matrix, int head, double[] x) {
            return product(Arrays.copyOfRange(matrix, head * config.headDim(), (head + 1) * config.headDim()), x);
        }

        private double[] turned(double[] x, int position) {
            int half = config.headDim() / 2;
            double[] out = new double[x.length];
            for (int i = 0; i < half; i++) {
                double angle = position * Math.pow(config.ropeBase(), -2.0 * i / config.headDim());
                out[i] = x[i] * Math.cos(angle) - x[half + i] * Math.sin(angle);
                out[half + i] = x[half + i] * Math.cos(angle) + x[i] * Math.sin(angle);
            }
            return out;
        }

        private static double[] rounded(double[] x) {
            double largest = Arrays.stream(x).map(Math::abs).max().orElseThrow();
            return Arrays.stream(x)
                    .map(v -> Math.rint(v * 7 / largest) * largest / 7)
                    .toArray();
        }

        private double[] normed(double[] x, float[] weight) {
            double squares = Arrays.stream(x).map(v -> v * v).sum();
            double inverse = 1 / Math.sqrt(squares / x.length + config.normEpsilon());
            double[] out = new double[x.length];
            for (int i = 0; i < x.length; i++) {
                out[i] = x[i] * inverse * weight[i];
            }
            return out;
        }

        private static double[] product(float[][] matrix, double[] x) {
            double[] out = new double[matrix.length];
            for (int row = 0; row < out.length; row++) {
                for (int i = 0; i < x.length; i++) {
                    out[row] += matrix[row][i] * x[i];
                }
            }
            return out;
        }

        private static double[] concat(double[] a, double[] b) {
            double[] out = Arrays.copyOf(a, a.length + b.length);
            System.arraycopy(b, 0, out, a.length, b.length);
            return out;
        }

        private static double[] doubles(float[] x) {
            double[] out = new double[x.length];
            for (int i = 0; i < x.length; i++) {
                out[i] = x[i];
            }
            return out;
        }

        private static float[][] rows(TensorData tensor) {
            int columns = (int) tensor.shape().get(1).longValue();
            float[][] rows = new float[(int) tensor.shape().get(0).longValue()][columns];
            for (int row = 0; row < rows.length; row++) {
                TensorDecoder.decode(tensor, (long) row * columns, rows[row]);
            }
            return rows;
        }
    }
}
