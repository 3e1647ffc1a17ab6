"""Makes golden/tiny/<name>: random models of each family as safetensors folders, with logits of transformers.

usage: python make_tiny_models.py
"""

import json
import os
import shutil
import tempfile

import golden_io
import numpy as np
import tiny_reference
import tiny_text
import tokenizers
import torch
import transformers
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM,
                          Qwen2Config, Qwen2ForCausalLM, Qwen3Config, Qwen3ForCausalLM)

FOLDER = "tiny"
VOCABULARY = 288
SPECIAL = ["<|bos|>", "<|eos|>", "<|im_start|>", "<|im_end|>"]
LLAMA3_PATTERN = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
                  r"|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN_PATTERN = LLAMA3_PATTERN.replace(r"\p{N}{1,3}", r"\p{N}")
CHAT_TEMPLATE = ("{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}"
                 "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}")
BASE = {"vocab_size": VOCABULARY, "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 256, "rms_norm_eps": 1e-5,
        "bos_token_id": 0, "eos_token_id": 1, "hidden_act": "silu"}
LLAMA3_SCALING = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                  "original_max_position_embeddings": 32}


def train_tokenizer(pattern=LLAMA3_PATTERN):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(pattern), "isolated"),
         pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=VOCABULARY, show_progress=False, special_tokens=SPECIAL,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(tiny_text.CORPUS, trainer)
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in SPECIAL])
    return tokenizer


# name: (description, configuration class, model class, settings, dtype, bytes a shard, rope style, pre-tokenizer)
MODELS = {
    "llama3": ("Llama 3 RoPE scaling, grouped queries, untied head, F32", LlamaConfig, LlamaForCausalLM,
               {"rope_parameters": {"rope_theta": 500000.0, **LLAMA3_SCALING}, "tie_word_embeddings": False},
               torch.float32, None, "rope_scaling", LLAMA3_PATTERN),
    "llama-linear": ("linear RoPE scaling by 4, one KV head, untied head, F32", LlamaConfig, LlamaForCausalLM,
                     {"rope_parameters": {"rope_theta": 10000.0, "rope_type": "linear", "factor": 4.0},
                      "num_key_value_heads": 1, "tie_word_embeddings": False},
                     torch.float32, None, "rope_scaling", LLAMA3_PATTERN),
    "mistral": ("no sliding window, head_dim 24 is not hidden / heads, three layers, F16", MistralConfig,
                MistralForCausalLM,
                {"rope_parameters": {"rope_theta": 1000000.0, "rope_type": "default"}, "sliding_window": None,
                 "head_dim": 24, "num_hidden_layers": 3, "tie_word_embeddings": False},
                torch.float16, None, "rope_scaling", LLAMA3_PATTERN),
    "mistral-window": ("sliding window of 16 tokens: a token sees itself and the 15 before it, F32", MistralConfig,
                       MistralForCausalLM,
                       {"rope_parameters": {"rope_theta": 10000.0, "rope_type": "default"}, "sliding_window": 16,
                        "tie_word_embeddings": False},
                       torch.float32, None, "rope_scaling", LLAMA3_PATTERN),
    "qwen2": ("q, k, v biases, tied head, a window that is switched off, BF16", Qwen2Config, Qwen2ForCausalLM,
              {"rope_parameters": {"rope_theta": 1000000.0, "rope_type": "default"}, "tie_word_embeddings": True,
               "use_sliding_window": False, "sliding_window": 16, "max_window_layers": 2},
              torch.bfloat16, None, "rope_scaling", QWEN_PATTERN),
    "qwen3": ("q and k norms, head_dim 32 with hidden 64 and 4 heads, tied head, F32 in shards; config.json in the "
              "style of transformers 5 (rope_parameters, dtype)", Qwen3Config, Qwen3ForCausalLM,
              {"rope_parameters": {"rope_theta": 1000000.0, "rope_type": "default"}, "tie_word_embeddings": True,
               "head_dim": 32}, torch.float32, "120KB", "rope_parameters", QWEN_PATTERN),
}


def published_style(config, rope_style, dtype):
    """config.json as model owners publish it; before transformers 5 RoPE stood in rope_theta and rope_scaling."""
    if rope_style == "rope_scaling":
        rope = dict(config.pop("rope_parameters"))
        config["rope_theta"] = rope.pop("rope_theta")
        config["rope_scaling"] = None if rope["rope_type"] == "default" else rope
        config["torch_dtype"] = config.pop("dtype", str(dtype).removeprefix("torch."))
    return config


def write_model(name):
    """Writes one model's folder and golden file; returns its entry in the index."""
    description, config_class, model_class, settings, dtype, shard, rope_style, pattern = MODELS[name]
    tokenizer = train_tokenizer(pattern)
    prompt = tokenizer.encode(tiny_text.PROMPT).ids
    config = config_class(**{**BASE, **settings})
    for seed in range(200):
        model = model_class(config).eval()
        tiny_reference.randomise(model, seed)
        for weight in model.parameters():  # not model.to(dtype): it would round the rotary frequencies too
            weight.copy_(weight.to(dtype))
        tokens, rows, margins = tiny_reference.run(model, prompt)
        if tiny_reference.is_decisive(tokens, margins):
            break
    else:
        raise SystemExit(f"{name}: no seed gives clear greedy tokens")

    folder = os.path.dirname(golden_io.golden_path(FOLDER, name, "x"))
    with tempfile.TemporaryDirectory() as scratch:
        model.to(dtype).save_pretrained(scratch, max_shard_size=shard or "1GB")  # the last use of this model
        shutil.rmtree(folder)
        os.makedirs(folder)
        for file in sorted(os.listdir(scratch)):
            if file.startswith("model"):
                shutil.copy(os.path.join(scratch, file), folder)
        with open(os.path.join(scratch, "config.json"), encoding="utf-8") as file:
            golden_io.write_json(os.path.join(folder, "config.json"),
                                 published_style(json.load(file), rope_style, dtype))
    tokenizer.save(os.path.join(folder, "tokenizer.json"), pretty=False)
    golden_io.write_json(os.path.join(folder, "tokenizer_config.json"), {
        "bos_token": SPECIAL[0], "eos_token": SPECIAL[1], "add_bos_token": False, "model_max_length": 256,
        "chat_template": CHAT_TEMPLATE, "tokenizer_class": "PreTrainedTokenizerFast"})
    golden_io.write_json(os.path.join(folder, "generation_config.json"), {
        "bos_token_id": 0, "eos_token_id": [1, 3]})

    # What counts is the folder as it lies there: load it again and run that.
    loaded = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    again_tokens, again_rows, margins = tiny_reference.run(loaded, prompt)
    if again_tokens != tokens or np.abs(again_rows - rows).max() > 1e-4:
        raise SystemExit(f"{name}: the saved folder does not give the model's own logits")
    golden_io.write_bytes(os.path.join(folder, "golden.bin.gz"),
                          golden_io.pack_tiny(prompt, tokens, 0, again_rows))
    print(f"{name}: seed {seed}, {len(prompt)} tokens, smallest margin {margins.min():.3f}, "
          f"{len(set(tokens))} different tokens, {sorted(os.listdir(folder))}")
    return {"name": name, "description": description, "seed": seed, "prompt_tokens": len(prompt),
            "steps": len(tokens), "smallest_margin": float(margins.min()), "text": tiny_text.PROMPT}


def main():
    torch.set_grad_enabled(False)
    entries = [write_model(name) for name in MODELS]
    golden_io.write_json(golden_io.golden_path(FOLDER, "index.json"), {
        "description": "Random models as safetensors folders with golden.bin.gz (format CXG2, ../README.md), computed "
                       "in float32 from the stored weights by transformers with eager attention.",
        "origin": "Weights are seeded noise, tokenizers are trained on our own sentences: make_tiny_models.py.",
        "versions": {"torch": torch.__version__.split("+")[0], "transformers": transformers.__version__,
                     "tokenizers": tokenizers.__version__},
        "models": entries})


if __name__ == "__main__":
    main()
