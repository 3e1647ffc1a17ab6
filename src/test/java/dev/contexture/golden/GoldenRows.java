package dev.contexture.golden;

/**
 * A tiny model's logits by transformers, teacher-forced over prompt and greedy tokens.
 *
 * @param firstPosition the position behind which {@code rows[0]} lies
 * @param rows [positions][vocabulary]
 */
public record GoldenRows(int[] prompt, int[] greedy, int firstPosition, float[][] rows) {
    /**
     * @param file below the golden folder, such as {@code gguf/llama-f32.golden.bin.gz}
     */
    public static GoldenRows read(String file) {
        GoldenFile golden = GoldenFile.open(file, "CXG2");
        int promptTokens = golden.readInt();
        int steps = golden.readInt();
        int firstPosition = golden.readInt();
        int rowCount = golden.readInt();
        int vocabulary = golden.readInt();
        int[] prompt = golden.readInts(promptTokens);
        int[] greedy = golden.readInts(steps);
        float[][] rows = new float[rowCount][];
        for (int row = 0; row < rowCount; row++) {
            rows[row] = golden.readFloats(vocabulary);
        }
        golden.requireEnd();
        return new GoldenRows(prompt, greedy, firstPosition, rows);
    }

    /** All tokens that were fed: the last greedy token was not. */
    public int[] tokens() {
        int[] tokens = new int[prompt.length + greedy.length - 1];
        System.arraycopy(prompt, 0, tokens, 0, prompt.length);
        System.arraycopy(greedy, 0, tokens, prompt.length, greedy.length - 1);
        return tokens;
    }
}
