package dev.contexture.bench;

import dev.contexture.core.ExecutionProvider;
import dev.contexture.core.Precision;
import dev.contexture.model.arch.ModelSource;
import dev.contexture.model.arch.TensorData;
import dev.contexture.model.arch.TensorType;
import java.util.Arrays;
import java.util.Locale;

/** What a model of random weights, which are bfloat16 in its files, is computed with. */
enum BenchWeights {
    BF16(Precision.BRAIN_FLOAT),
    FP16(Precision.HALF),
    Q4_0(Precision.QUANTISED_HALF),
    Q8_0(Precision.QUANTISED_HALF);

    private final Precision onDevice;

    BenchWeights(Precision onDevice) {
        this.onDevice = onDevice;
    }

    static BenchWeights byName(String name) {
        return Arrays.stream(values())
                .filter(weights -> weights.toString().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "bench.weights is " + name + "; it must be one of " + Arrays.toString(values())));
    }

    Precision on(ExecutionProvider provider) {
        return provider == ExecutionProvider.CUDA ? onDevice : Precision.FAST;
    }

    /** The model with these weights; closes {@code source} when it is closed. */
    ModelSource of(ModelSource source) {
        return switch (this) {
            case BF16, FP16 -> source;
            case Q4_0 -> new RequantisedSource(source, TensorType.Q4_0);
            case Q8_0 -> new RequantisedSource(source, TensorType.Q8_0);
        };
    }

    /** Of the model on a device, about. */
    static long bytes(ModelSource source) {
        long bytes = 0;
        for (TensorData tensor : source.tensors().values()) {
            bytes += tensor.type().isQuantised()
                    ? tensor.type().bytesFor(tensor.elements())
                    : Short.BYTES * tensor.elements();
        }
        return bytes;
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
