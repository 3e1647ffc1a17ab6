package dev.contexture.model.safetensors;

import dev.contexture.model.ModelFormatException;
import dev.contexture.model.arch.ModelConfig;
import dev.contexture.model.arch.ModelConfig.Family;
import dev.contexture.model.arch.RopeConfig;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/** config.json of a checkpoint, as our shapes; what the graphs do not compute is refused here. */
final class HubConfig {
    private final JsonNode json;
    private final boolean hasHead;

    /**
     * @param hasHead whether the weights have a head of their own
     */
    HubConfig(JsonNode json, boolean hasHead) {
        this.json = json;
        this.hasHead = hasHead;
    }

    ModelConfig toModelConfig() {
        Family family = family();
        requireComputed(family);
        int hidden = size("hidden_size");
        int heads = size("num_attention_heads");
        boolean tied = flag("tie_word_embeddings").orElse(!hasHead);
        if (!tied && !hasHead) {
            throw new ModelFormatException("config.json says that the head has weights of its own, but there are none");
        }
        if (heads == 0) {
            throw new ModelFormatException("config.json: num_attention_heads is 0");
        }
        try {
            return new ModelConfig(
                    family,
                    size("num_hidden_layers"),
                    hidden,
                    heads,
                    sizeOr("num_key_value_heads", heads),
                    sizeOr("head_dim", hidden / heads),
                    size("intermediate_size"),
                    size("vocab_size"),
                    size("max_position_embeddings"),
                    (float) number(json, "rms_norm_eps").orElse(1e-6).doubleValue(),
                    rope(),
                    slidingWindow(family),
                    tied);
        } catch (IllegalArgumentException e) {
            throw new ModelFormatException("config.json makes no sense: " + e.getMessage(), e);
        }
    }

    private Family family() {
        String type = json.path("model_type").asString("");
        return switch (type) {
            case "llama", "mistral" -> Family.LLAMA;
            case "qwen2" -> Family.QWEN2;
            case "qwen3" -> Family.QWEN3;
            default ->
                throw new ModelFormatException("the model type '" + type
                        + "' is not supported; supported are llama, mistral, qwen2 and qwen3");
        };
    }

    private void requireComputed(Family family) {
        String activation = json.path("hidden_act").asString("silu");
        if (!activation.equals("silu")) {
            throw new ModelFormatException("the activation " + activation + " is not supported; silu is");
        }
        if (flag("mlp_bias").orElse(false)
                || family != Family.QWEN2 && flag("attention_bias").orElse(false)) {
            throw new ModelFormatException("biases are supported for qwen2 only");
        }
        if (json.path("quantization_config").isObject()) {
            throw new ModelFormatException("quantised safetensors are not supported: use plain ones or a GGUF file");
        }
    }

    /** Qwen's files give a window that is switched off by another field. */
    private int slidingWindow(Family family) {
        boolean used = family == Family.LLAMA || flag("use_sliding_window").orElse(false);
        if (!used || absent(json.path("sliding_window"))) {
            return 0;
        }
        if (family != Family.LLAMA) {
            throw new ModelFormatException(
                    "sliding windows on some layers only (use_sliding_window) are not supported");
        }
        return size("sliding_window");
    }

    private RopeConfig rope() {
        // Newer files keep base and scaling together in rope_parameters.
        JsonNode parameters = json.path("rope_parameters");
        JsonNode scaling = parameters.isObject() ? parameters : json.path("rope_scaling");
        double base = number(parameters, "rope_theta")
                .or(() -> number(json, "rope_theta"))
                .orElse(10_000.0);
        String type = scaling.path("rope_type").asString(scaling.path("type").asString("default"));
        RopeConfig.Scaling scaled = switch (type) {
            case "default" -> new RopeConfig.None();
            case "linear" -> new RopeConfig.Linear(required(scaling, "factor"));
            case "llama3" ->
                new RopeConfig.Llama3(
                        required(scaling, "factor"),
                        required(scaling, "low_freq_factor"),
                        required(scaling, "high_freq_factor"),
                        (int) required(scaling, "original_max_position_embeddings"));
            default -> throw new ModelFormatException("the rotary scaling " + type + " is not supported");
        };
        return new RopeConfig(base, scaled);
    }

    private static double required(JsonNode node, String name) {
        return number(node, name)
                .orElseThrow(() -> new ModelFormatException("config.json: the rotary scaling has no " + name));
    }

    private static Optional<Double> number(JsonNode node, String name) {
        JsonNode value = node.path(name);
        if (absent(value)) {
            return Optional.empty();
        }
        if (!value.isNumber()) {
            throw new ModelFormatException("config.json: " + name + " must be a number but is " + value);
        }
        return Optional.of(value.asDouble());
    }

    private Optional<Boolean> flag(String name) {
        JsonNode value = json.path(name);
        if (absent(value)) {
            return Optional.empty();
        }
        if (!value.isBoolean()) {
            throw new ModelFormatException("config.json: " + name + " must be true or false but is " + value);
        }
        return Optional.of(value.asBoolean());
    }

    private int sizeOr(String name, int otherwise) {
        return absent(json.path(name)) ? otherwise : size(name);
    }

    private int size(String name) {
        JsonNode value = json.path(name);
        if (!value.isIntegralNumber() || !value.canConvertToInt() || value.asInt() < 0) {
            throw new ModelFormatException("config.json: " + name + " must be a whole number but is "
                    + (value.isMissingNode() ? "missing" : value));
        }
        return value.asInt();
    }

    private static boolean absent(JsonNode value) {
        return value.isMissingNode() || value.isNull();
    }
}
