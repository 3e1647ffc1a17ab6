package dev.contexture.model.head;

import dev.contexture.model.ModelFormatException;
import dev.contexture.model.arch.ModelConfig;
import java.util.List;
import java.util.function.DoubleUnaryOperator;

/**
 * Shapes and constants of a retrieval head.
 *
 * @param layers of the model that the head was trained for
 * @param groupOfLayer the layer group whose selection a layer uses: [layers]
 * @param kvHeads selections per group: the model's KV heads, or 1 where all KV heads share one
 * @param queryHeads query heads per group
 * @param featureLayers the head reads the hidden states behind these layers, counted from 0, ascending
 * @param trainedLength longest text in training, in tokens; longer ones are used with less to expect of them
 */
public record RetrievalHeadConfig(
        int layers,
        int hidden,
        int vocabulary,
        int groups,
        List<Integer> groupOfLayer,
        int kvHeads,
        int queryHeads,
        int headDim,
        List<Integer> featureLayers,
        double ropeBase,
        float normEpsilon,
        int trainedLength) {
    public RetrievalHeadConfig {
        groupOfLayer = List.copyOf(groupOfLayer);
        featureLayers = List.copyOf(featureLayers);
        require(layers > 0 && hidden > 0 && vocabulary > 0, "layers, hidden and vocabulary must be positive");
        require(hidden % 32 == 0, "hidden must be a multiple of 32, the block of its weights, but is " + hidden);
        require(groups > 0 && groups <= layers, "groups must be in 1.." + layers + " but is " + groups);
        require(
                groupOfLayer.size() == layers && isOnto(groupOfLayer, groups),
                "group_of_layer must name each of the " + groups + " groups, for " + layers + " layers, in order");
        require(
                kvHeads > 0 && queryHeads > 0 && queryHeads % kvHeads == 0,
                "query_heads (" + queryHeads + ") must be a multiple of kv_heads (" + kvHeads + ")");
        require(headDim > 0 && headDim % 2 == 0, "head_dim must be even but is " + headDim);
        require(
                !featureLayers.isEmpty()
                        && isAscending(featureLayers)
                        && featureLayers.getFirst() >= 0
                        && featureLayers.getLast() < layers,
                "feature_layers must ascend within 0.." + (layers - 1) + " but are " + featureLayers);
        require(ropeBase > 0, "rope_base must be positive but is " + ropeBase);
        require(normEpsilon > 0f && normEpsilon < 1f, "norm_epsilon must be in (0, 1) but is " + normEpsilon);
        require(trainedLength > 0, "trained_length must be positive but is " + trainedLength);
    }

    private static void require(boolean holds, String message) {
        if (!holds) {
            throw new ModelFormatException(message);
        }
    }

    private static boolean isOnto(List<Integer> groupOfLayer, int groups) {
        int expected = 0;
        for (int group : groupOfLayer) {
            if (group == expected) {
                expected++;
            } else if (group != expected - 1) {
                return false;
            }
        }
        return expected == groups;
    }

    private static boolean isAscending(List<Integer> values) {
        for (int i = 1; i < values.size(); i++) {
            if (values.get(i) <= values.get(i - 1)) {
                return false;
            }
        }
        return true;
    }

    /**
     * @throws ModelFormatException if the head was made for a model of another shape
     */
    public void requireFits(ModelConfig model) {
        require(
                layers == model.layers() && hidden == model.hidden() && vocabulary == model.vocabulary(),
                "the retrieval head is for " + layers + " layers of " + hidden + " and " + vocabulary
                        + " tokens, the model has " + model.layers() + " layers of " + model.hidden() + " and "
                        + model.vocabulary());
        require(
                model.slidingWindow() == 0,
                "a retrieval head chooses from the whole context, but the model sees " + model.slidingWindow()
                        + " tokens only");
        require(
                kvHeads == 1 || kvHeads == model.kvHeads(),
                "the retrieval head selects for " + kvHeads + " KV heads, the model has " + model.kvHeads());
    }

    /** [positions, headDim / 2] cosines of the rotary angles. */
    public float[] ropeCos(int positions) {
        return rope(positions, Math::cos);
    }

    /** [positions, headDim / 2] sines of the rotary angles. */
    public float[] ropeSin(int positions) {
        return rope(positions, Math::sin);
    }

    private float[] rope(int positions, DoubleUnaryOperator function) {
        int pairs = headDim / 2;
        float[] table = new float[Math.multiplyExact(positions, pairs)];
        for (int position = 0; position < positions; position++) {
            for (int i = 0; i < pairs; i++) {
                double angle = position * Math.pow(ropeBase, -2.0 * i / headDim);
                table[position * pairs + i] = (float) function.applyAsDouble(angle);
            }
        }
        return table;
    }

    /** Numbers per row of the fused input: the hidden states of all feature layers. */
    public int featureWidth() {
        return featureLayers.size() * hidden;
    }

    /** Numbers per key row: all groups and KV heads. */
    public int keyWidth() {
        return groups * kvHeads * headDim;
    }

    /** Numbers per query row: all groups and query heads. */
    public int queryWidth() {
        return groups * queryHeads * headDim;
    }
}
