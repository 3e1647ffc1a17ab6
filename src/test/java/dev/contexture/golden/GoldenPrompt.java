package dev.contexture.golden;

import java.util.List;
import tools.jackson.databind.JsonNode;

/**
 * The default model's answer to one prompt in float32 by transformers.
 *
 * @param greedy {@code greedy[0]} follows the prompt
 * @param logits [vocabulary] behind the prompt's last token
 * @param margins [greedy] highest minus second logit behind each greedy token
 * @param topIds [greedy][top] likeliest tokens behind each step, best first
 * @param topLogprobs [greedy][top] their log-probabilities
 */
public record GoldenPrompt(
        String name,
        int[] prompt,
        int[] greedy,
        float[] logits,
        float[] margins,
        int[][] topIds,
        float[][] topLogprobs) {
    private static final String FOLDER = "smollm2-135m/";
    private static final double NEGLIGIBLE = 1e-12;

    public static List<GoldenPrompt> all() {
        return index().path("prompts").valueStream().map(GoldenPrompt::read).toList();
    }

    /** Mean KL of llama.cpp against the same reference: the best of its measured settings. */
    public static double llamaCppMeanKl() {
        return index().path("llama_cpp")
                .path("runs")
                .valueStream()
                .mapToDouble(run -> run.path("mean_kl").asDouble())
                .min()
                .orElseThrow();
    }

    private static JsonNode index() {
        return GoldenFile.json(FOLDER + "index.json");
    }

    private static GoldenPrompt read(JsonNode entry) {
        GoldenFile file = GoldenFile.open(FOLDER + entry.path("file").asString(), "CXG1");
        int promptTokens = file.readInt();
        int steps = file.readInt();
        int top = file.readInt();
        int vocabulary = file.readInt();
        int[] prompt = file.readInts(promptTokens);
        int[] greedy = file.readInts(steps);
        float[] logits = file.readFloats(vocabulary);
        float[] margins = file.readFloats(steps);
        int[][] topIds = new int[steps][];
        for (int step = 0; step < steps; step++) {
            topIds[step] = file.readInts(top);
        }
        float[][] topLogprobs = new float[steps][];
        for (int step = 0; step < steps; step++) {
            topLogprobs[step] = file.readFloats(top);
        }
        file.requireEnd();
        return new GoldenPrompt(entry.path("name").asString(), prompt, greedy, logits, margins, topIds, topLogprobs);
    }

    /** KL divergence of a step's reference from the engine's distribution, in nats; a lower bound (see the README). */
    public double kl(int step, float[] engineLogits) {
        double[] logprobs = logSoftmax(engineLogits);
        double divergence = 0;
        double restReference = 1;
        double restEngine = 1;
        for (int i = 0; i < topIds[step].length; i++) {
            double reference = topLogprobs[step][i];
            double engine = logprobs[topIds[step][i]];
            divergence += Math.exp(reference) * (reference - engine);
            restReference -= Math.exp(reference);
            restEngine -= Math.exp(engine);
        }
        if (restReference >= NEGLIGIBLE) {
            divergence += restReference * (Math.log(restReference) - Math.log(Math.max(restEngine, NEGLIGIBLE)));
        }
        return divergence;
    }

    private static double[] logSoftmax(float[] logits) {
        double highest = Double.NEGATIVE_INFINITY;
        for (float logit : logits) {
            highest = Math.max(highest, logit);
        }
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit - highest);
        }
        double shift = highest + Math.log(sum);
        double[] logprobs = new double[logits.length];
        for (int i = 0; i < logits.length; i++) {
            logprobs[i] = logits[i] - shift;
        }
        return logprobs;
    }
}
