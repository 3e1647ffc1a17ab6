package dev.contexture.model.gguf;

import dev.contexture.model.ModelFormatException;
import dev.contexture.model.arch.ModelConfig;
import dev.contexture.model.arch.ModelConfig.Family;
import dev.contexture.model.arch.ModelSource;
import dev.contexture.model.arch.RopeConfig;
import dev.contexture.model.arch.TensorData;
import dev.contexture.model.arch.TensorType;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A model in a GGUF file, under the names of Hugging Face checkpoints. */
public final class GgufModelSource implements ModelSource {
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final String ROPE_FACTORS = "rope_freqs.weight";
    private static final Pattern LAYER_TENSOR = Pattern.compile("blk\\.(\\d{1,4})\\.([a-z_]+)\\.(weight|bias)");
    private static final Map<String, String> GLOBAL_NAMES = Map.of(
            "token_embd.weight", "model.embed_tokens.weight",
            "output_norm.weight", "model.norm.weight",
            "output.weight", "lm_head.weight");
    private static final Map<String, String> LAYER_NAMES = Map.ofEntries(
            Map.entry("attn_norm", "input_layernorm"),
            Map.entry("attn_q", "self_attn.q_proj"),
            Map.entry("attn_k", "self_attn.k_proj"),
            Map.entry("attn_v", "self_attn.v_proj"),
            Map.entry("attn_output", "self_attn.o_proj"),
            Map.entry("attn_q_norm", "self_attn.q_norm"),
            Map.entry("attn_k_norm", "self_attn.k_norm"),
            Map.entry("ffn_norm", "post_attention_layernorm"),
            Map.entry("ffn_gate", "mlp.gate_proj"),
            Map.entry("ffn_up", "mlp.up_proj"),
            Map.entry("ffn_down", "mlp.down_proj"));

    private final GgufFile file;
    private final ModelConfig config;
    private final Map<String, TensorData> tensors;
    private final TokenizerDefinition tokenizer;

    private GgufModelSource(GgufFile file) {
        this.file = file;
        this.tensors = Collections.unmodifiableMap(renamed(file.tensors()));
        this.config = readConfig();
        this.tokenizer = new GgufTokenizer(file).definition();
    }

    /**
     * @throws ModelFormatException if the file is damaged or of a kind that is not supported
     */
    public static GgufModelSource open(Path path) throws IOException {
        GgufFile file = GgufFile.open(path);
        try {
            return new GgufModelSource(file);
        } catch (ModelFormatException e) {
            file.close();
            throw new ModelFormatException(path + " cannot be used: " + e.getMessage(), e);
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    @Override
    public ModelConfig config() {
        return config;
    }

    @Override
    public Map<String, TensorData> tensors() {
        return tensors;
    }

    @Override
    public RowOrder rowOrder() {
        return config.family() == Family.LLAMA ? RowOrder.INTERLEAVED : RowOrder.HALF_SPLIT;
    }

    @Override
    public TokenizerDefinition tokenizer() {
        return tokenizer;
    }

    @Override
    public Optional<String> chatTemplate() {
        return file.string("tokenizer.chat_template");
    }

    @Override
    public void close() {
        file.close();
    }

    private static Map<String, TensorData> renamed(Map<String, TensorData> ggufTensors) {
        Map<String, TensorData> tensors = LinkedHashMap.newLinkedHashMap(ggufTensors.size());
        ggufTensors.forEach((ggufName, data) -> {
            String name = hubName(ggufName);
            tensors.put(name, new TensorData(name, data.type(), data.shape(), data.data()));
        });
        return tensors;
    }

    private static String hubName(String ggufName) {
        String global = GLOBAL_NAMES.get(ggufName);
        if (global != null) {
            return global;
        }
        Matcher layer = LAYER_TENSOR.matcher(ggufName);
        String part = layer.matches() ? LAYER_NAMES.get(layer.group(2)) : null;
        // A name that no family uses keeps itself: the compiler decides what it needs.
        return part == null ? ggufName : "model.layers." + layer.group(1) + "." + part + "." + layer.group(3);
    }

    private ModelConfig readConfig() {
        String architecture = file.string("general.architecture")
                .orElseThrow(() -> new ModelFormatException("it does not say its architecture"));
        Family family = switch (architecture) {
            case "llama" -> Family.LLAMA;
            case "qwen2" -> Family.QWEN2;
            case "qwen3" -> Family.QWEN3;
            default ->
                throw new ModelFormatException("the architecture " + architecture
                        + " is not supported; supported are llama (with Mistral and SmolLM), qwen2 and qwen3");
        };
        String prefix = architecture + ".";
        if (file.integer(prefix + "expert_count").orElse(0L) > 0) {
            throw new ModelFormatException("mixtures of experts are not supported");
        }
        int hidden = size(prefix + "embedding_length");
        int heads = size(prefix + "attention.head_count");
        int headDim =
                file.has(prefix + "attention.key_length") ? size(prefix + "attention.key_length") : hidden / heads;
        if (file.has(prefix + "attention.value_length") && size(prefix + "attention.value_length") != headDim) {
            throw new ModelFormatException("keys and values of different length are not supported");
        }
        int rotary = file.has(prefix + "rope.dimension_count") ? size(prefix + "rope.dimension_count") : headDim;
        if (rotary != headDim) {
            throw new ModelFormatException(
                    "rotary embedding of " + rotary + " of " + headDim + " dimensions is not supported");
        }
        try {
            return new ModelConfig(
                    family,
                    size(prefix + "block_count"),
                    hidden,
                    heads,
                    file.has(prefix + "attention.head_count_kv") ? size(prefix + "attention.head_count_kv") : heads,
                    headDim,
                    size(prefix + "feed_forward_length"),
                    vocabulary(),
                    size(prefix + "context_length"),
                    file.number(prefix + "attention.layer_norm_rms_epsilon")
                            .orElse(1e-5)
                            .floatValue(),
                    new RopeConfig(file.number(prefix + "rope.freq_base").orElse(10_000.0), ropeScaling(prefix)),
                    file.has(prefix + "attention.sliding_window") ? size(prefix + "attention.sliding_window") : 0,
                    !tensors.containsKey("lm_head.weight"));
        } catch (IllegalArgumentException e) {
            throw new ModelFormatException("its shapes make no sense: " + e.getMessage(), e);
        }
    }

    private int vocabulary() {
        TensorData embedding = tensors.get("model.embed_tokens.weight");
        if (embedding == null || embedding.shape().size() != 2) {
            throw new ModelFormatException("it has no embedding matrix (token_embd.weight)");
        }
        return Math.toIntExact(embedding.shape().getFirst());
    }

    private RopeConfig.Scaling ropeScaling(String prefix) {
        TensorData factors = tensors.get(ROPE_FACTORS);
        if (factors != null) {
            if (factors.type() != TensorType.F32) {
                throw new ModelFormatException(ROPE_FACTORS + " must be F32 but is " + factors.type());
            }
            List<Float> values = new ArrayList<>();
            for (long i = 0; i < factors.elements(); i++) {
                values.add(factors.data().get(FLOAT, i * Float.BYTES));
            }
            return new RopeConfig.PerFrequency(values);
        }
        String type = file.string(prefix + "rope.scaling.type").orElse("none");
        return switch (type) {
            case "none" -> new RopeConfig.None();
            case "linear" ->
                new RopeConfig.Linear(
                        file.number(prefix + "rope.scaling.factor").orElse(1.0));
            default -> throw new ModelFormatException("the rotary scaling " + type + " is not supported");
        };
    }

    private int size(String key) {
        long value = file.integer(key)
                .orElseThrow(() -> new ModelFormatException("the metadata entry " + key + " is missing"));
        if (value < 0 || value > Integer.MAX_VALUE) {
            throw new ModelFormatException("the metadata entry " + key + " is " + value + ", which makes no sense");
        }
        return (int) value;
    }
}
