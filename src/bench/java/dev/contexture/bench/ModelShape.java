package dev.contexture.bench;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Models by shape alone, as config.json has them in their checkpoints. */
enum ModelShape {
    LLAMA_3_1_8B("llama-3.1-8b", """
            {
              "architectures": ["LlamaForCausalLM"],
              "attention_bias": false,
              "bos_token_id": 256,
              "eos_token_id": 257,
              "head_dim": 128,
              "hidden_act": "silu",
              "hidden_size": 4096,
              "initializer_range": 0.02,
              "intermediate_size": 14336,
              "max_position_embeddings": 131072,
              "mlp_bias": false,
              "model_type": "llama",
              "num_attention_heads": 32,
              "num_hidden_layers": 32,
              "num_key_value_heads": 8,
              "rms_norm_eps": 1e-05,
              "rope_scaling": {
                "factor": 8.0,
                "high_freq_factor": 4.0,
                "low_freq_factor": 1.0,
                "original_max_position_embeddings": 8192,
                "rope_type": "llama3"
              },
              "rope_theta": 500000.0,
              "tie_word_embeddings": false,
              "torch_dtype": "bfloat16",
              "vocab_size": 128256
            }
            """),
    QWEN3_8B("qwen3-8b", """
            {
              "architectures": ["Qwen3ForCausalLM"],
              "attention_bias": false,
              "bos_token_id": 256,
              "eos_token_id": 257,
              "head_dim": 128,
              "hidden_act": "silu",
              "hidden_size": 4096,
              "initializer_range": 0.02,
              "intermediate_size": 12288,
              "max_position_embeddings": 40960,
              "max_window_layers": 36,
              "model_type": "qwen3",
              "num_attention_heads": 32,
              "num_hidden_layers": 36,
              "num_key_value_heads": 8,
              "rms_norm_eps": 1e-06,
              "rope_scaling": null,
              "rope_theta": 1000000.0,
              "sliding_window": null,
              "tie_word_embeddings": false,
              "torch_dtype": "bfloat16",
              "use_sliding_window": false,
              "vocab_size": 151936
            }
            """),
    /** For tests and for trying a suite, with and without a device. */
    TINY("tiny", """
            {
              "architectures": ["LlamaForCausalLM"],
              "attention_bias": false,
              "bos_token_id": 256,
              "eos_token_id": 257,
              "head_dim": 64,
              "hidden_act": "silu",
              "hidden_size": 128,
              "initializer_range": 0.02,
              "intermediate_size": 192,
              "max_position_embeddings": 2048,
              "mlp_bias": false,
              "model_type": "llama",
              "num_attention_heads": 4,
              "num_hidden_layers": 4,
              "num_key_value_heads": 2,
              "rms_norm_eps": 1e-05,
              "rope_theta": 10000.0,
              "tie_word_embeddings": false,
              "torch_dtype": "bfloat16",
              "vocab_size": 320
            }
            """);

    private final String text;
    private final String configJson;

    ModelShape(String text, String configJson) {
        this.text = text;
        this.configJson = configJson;
    }

    /**
     * @throws IllegalArgumentException if there is none of this name
     */
    static ModelShape byName(String name) {
        return Arrays.stream(values())
                .filter(shape -> shape.text.equals(name.toLowerCase(Locale.ROOT)))
                .findFirst()
                .orElseThrow(() ->
                        new IllegalArgumentException("bench.shape must be one of " + names() + " but is " + name));
    }

    private static List<String> names() {
        return Arrays.stream(values()).map(ModelShape::toString).toList();
    }

    String configJson() {
        return configJson;
    }

    @Override
    public String toString() {
        return text;
    }
}
