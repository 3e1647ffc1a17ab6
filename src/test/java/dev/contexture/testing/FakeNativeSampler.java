package dev.contexture.testing;

import dev.contexture.nativelib.DrawRequest;
import dev.contexture.nativelib.DrawnTokens;
import dev.contexture.nativelib.NativeSampler;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** What the native library does with a request, by sorting everything. */
public final class FakeNativeSampler implements NativeSampler {
    private static final int ROW_INTS = 2 + 2 * DrawnTokens.MOST_TOP;

    private final float[][] logits;

    /**
     * @param logits of the last run: [wanted][vocabulary]
     */
    public FakeNativeSampler(float[]... logits) {
        this.logits = logits;
    }

    @Override
    public DrawnTokens draw(DrawRequest request, int tokens) {
        ByteBuffer drawn =
                ByteBuffer.allocate(logits.length * ROW_INTS * Integer.BYTES).order(ByteOrder.nativeOrder());
        int change = 0;
        for (int row = 0; row < logits.length; row++) {
            DrawRequest.Row how = request.row(row);
            float[] raw = Arrays.copyOf(logits[row], tokens);
            float[] changed = raw.clone();
            for (; change < request.changesEnd(row); change++) {
                apply(request.change(change), how.repetition(), changed);
            }
            for (int token = 0; token < tokens; token++) {
                changed[token] = request.mayDraw(row, token, tokens) ? changed[token] : Float.NEGATIVE_INFINITY;
            }
            int token = draw(how, changed);
            int at = row * ROW_INTS * Integer.BYTES;
            double normaliser = normaliser(raw);
            boolean told = how.topLogprobs() != DrawRequest.NO_LOGPROBS;
            drawn.putInt(at, token).putFloat(at + 4, told ? (float) (raw[token] - normaliser) : Float.NaN);
            List<Integer> top = likeliestFirst(raw);
            for (int i = 0; i < Math.min(tokens, how.topLogprobs()); i++) {
                drawn.putInt(at + 8 + 4 * i, top.get(i))
                        .putFloat(at + 8 + 4 * (DrawnTokens.MOST_TOP + i), (float) (raw[top.get(i)] - normaliser));
            }
        }
        return new DrawnTokens(drawn);
    }

    private static void apply(DrawRequest.Change change, float repetition, float[] logits) {
        float logit = logits[change.token()];
        if (change.repeated()) {
            logit = logit > 0 ? logit / repetition : logit * repetition;
        }
        logits[change.token()] = logit - change.penalty() + change.bias();
    }

    private static double normaliser(float[] logits) {
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit);
        }
        return Math.log(sum);
    }

    private static List<Integer> likeliestFirst(float[] values) {
        List<Integer> ids =
                new ArrayList<>(IntStream.range(0, values.length).boxed().toList());
        ids.sort(Comparator.comparing((Integer id) -> -values[id])); // stable: lower ids first
        return ids;
    }

    private static int draw(DrawRequest.Row how, float[] logits) {
        List<Integer> order = likeliestFirst(logits);
        if (how.inverseTemperature() == 0) {
            return order.getFirst();
        }
        float most = logits[order.getFirst()];
        float[] weights = new float[logits.length];
        for (int i = 0; i < logits.length; i++) {
            float exponent = (logits[i] - most) * how.inverseTemperature();
            weights[i] = exponent < how.leastExponent() ? 0 : (float) Math.exp(exponent);
        }
        if (how.topK() == 0 && how.topP() == 1) {
            order.sort(Comparator.naturalOrder());
        } else if (how.topK() > 0) {
            order = order.subList(0, Math.min(order.size(), how.topK()));
        }
        double mass = order.stream().mapToDouble(id -> weights[id]).sum();
        double kept = 0;
        int count = 0;
        while (count < order.size() && (count == 0 || kept < how.topP() * mass)) {
            kept += weights[order.get(count++)];
        }
        double left = how.uniform() * kept;
        for (int id : order.subList(0, count)) {
            left -= weights[id];
            if (left < 0) {
                return id;
            }
        }
        throw new IllegalStateException("a uniform number is below 1 but is " + how.uniform());
    }
}
