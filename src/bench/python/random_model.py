"""Writes a model of random weights for tests of speed, in the form of Hugging Face's libraries, and a retrieval head for it.

    random_model.py SHAPE FOLDER [--groups 1]

SHAPE is one of the table below. FOLDER gets config.json, safetensors in fp16, a tokenizer of single bytes and head.safetensors. What
is computed with such weights means nothing; how long it takes does not depend on that. With PyTorch on a GPU 8 billion
weights take half a minute, with NumPy some minutes.
"""

import argparse
import hashlib
import json
import pathlib
import struct

import numpy

LLAMA3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
          "original_max_position_embeddings": 8192}
SHAPES = {
    "llama-3.1-8b": dict(model_type="llama", architectures=["LlamaForCausalLM"], num_hidden_layers=32, hidden_size=4096,
                         intermediate_size=14336, num_attention_heads=32, num_key_value_heads=8, head_dim=128,
                         vocab_size=128256, max_position_embeddings=131072, rope_theta=500000.0, rope_scaling=LLAMA3,
                         rms_norm_eps=1e-5, tie_word_embeddings=False),
    "qwen3-8b": dict(model_type="qwen3", architectures=["Qwen3ForCausalLM"], num_hidden_layers=36, hidden_size=4096,
                     intermediate_size=12288, num_attention_heads=32, num_key_value_heads=8, head_dim=128,
                     vocab_size=151936, max_position_embeddings=40960, rope_theta=1000000.0, rms_norm_eps=1e-6,
                     tie_word_embeddings=False),
    "tiny": dict(model_type="llama", architectures=["LlamaForCausalLM"], num_hidden_layers=4, hidden_size=128,
                 intermediate_size=256, num_attention_heads=4, num_key_value_heads=2, head_dim=64, vocab_size=512,
                 max_position_embeddings=8192, rope_theta=10000.0, rms_norm_eps=1e-5, tie_word_embeddings=False),
}
SHARD_BYTES = 4 << 30
BLOCK = 32  # weights of the head that share a scale


class Numbers:
    """Normal numbers in fp16, by PyTorch on a GPU where there is one."""

    def __init__(self):
        self.random = numpy.random.default_rng(7)
        self.torch = None
        try:
            import torch
            if torch.cuda.is_available():
                torch.manual_seed(7)
                self.torch = torch
        except ImportError:
            pass

    def halves(self, shape, deviation):
        if self.torch is not None:
            values = self.torch.randn(shape, device="cuda", dtype=self.torch.float16) * deviation
            return values.cpu().numpy()
        return (self.random.standard_normal(shape, dtype=numpy.float32) * deviation).astype(numpy.float16)


def write_safetensors(path, tensors, metadata=None):
    """tensors: (name, dtype, array), in order."""
    header, offset = {}, 0
    if metadata:
        header["__metadata__"] = metadata
    for name, dtype, array in tensors:
        header[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for _, _, array in tensors:
            array.tofile(out)


def shapes_of(config):
    hidden, wide, dim = config["hidden_size"], config["intermediate_size"], config["head_dim"]
    queries, keys = config["num_attention_heads"] * dim, config["num_key_value_heads"] * dim
    yield "model.embed_tokens.weight", (config["vocab_size"], hidden)
    for layer in range(config["num_hidden_layers"]):
        at = f"model.layers.{layer}."
        yield at + "input_layernorm.weight", (hidden,)
        yield at + "self_attn.q_proj.weight", (queries, hidden)
        yield at + "self_attn.k_proj.weight", (keys, hidden)
        yield at + "self_attn.v_proj.weight", (keys, hidden)
        yield at + "self_attn.o_proj.weight", (hidden, queries)
        if config["model_type"] == "qwen3":
            yield at + "self_attn.q_norm.weight", (dim,)
            yield at + "self_attn.k_norm.weight", (dim,)
        yield at + "post_attention_layernorm.weight", (hidden,)
        yield at + "mlp.gate_proj.weight", (wide, hidden)
        yield at + "mlp.up_proj.weight", (wide, hidden)
        yield at + "mlp.down_proj.weight", (hidden, wide)
    yield "model.norm.weight", (hidden,)
    yield "lm_head.weight", (config["vocab_size"], hidden)


def write_weights(config, folder, numbers):
    shards, shard, size = [], [], 0
    for name, shape in shapes_of(config):
        norm = len(shape) == 1
        array = numpy.ones(shape, numpy.float16) if norm else numbers.halves(shape, 0.02)
        if shard and size + array.nbytes > SHARD_BYTES:
            shards.append([entry[0] for entry in shard])
            write_safetensors(folder / f"model-{len(shards):05}.safetensors", shard)
            shard, size = [], 0
        shard.append((name, "F16", array))
        size += array.nbytes
    shards.append([entry[0] for entry in shard])
    write_safetensors(folder / f"model-{len(shards):05}.safetensors", shard)
    files = {name: f"model-{i + 1:05}.safetensors" for i, names in enumerate(shards) for name in names}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": files}))


def write_tokenizer(folder):
    """A token per byte, as GPT-2 writes bytes, and one that ends texts."""
    printable = [b for b in range(256) if 33 <= b <= 126 or 161 <= b <= 172 or 174 <= b <= 255]
    letters, further = {b: chr(b) for b in printable}, 0
    for b in range(256):
        if b not in letters:
            letters[b] = chr(256 + further)
            further += 1
    vocabulary = {letters[b]: b for b in range(256)}
    end = {"id": 256, "content": "<|end|>", "special": True, "single_word": False, "lstrip": False, "rstrip": False,
           "normalized": False}
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    (folder / "tokenizer.json").write_text(json.dumps({
        "version": "1.0", "added_tokens": [end], "normalizer": None, "pre_tokenizer": byte_level,
        "post_processor": None, "decoder": byte_level,
        "model": {"type": "BPE", "vocab": vocabulary, "merges": []}}))
    (folder / "tokenizer_config.json").write_text(json.dumps({"eos_token": "<|end|>"}))


def write_head(config, folder, groups, numbers):
    """One feature layer, and the model's heads once per group: with one group some 60 million weights at 8B, as in the paper."""
    hidden, dim, layers = config["hidden_size"], config["head_dim"], config["num_hidden_layers"]
    tensors = [(name, "F32", numpy.ones(hidden, numpy.float32)) for name in ("embedding_norm", "feature_norm.0", "fused_norm")]
    products = {"fuse": (hidden, hidden), "key": (groups * config["num_key_value_heads"] * dim, 2 * hidden),
                "query": (groups * config["num_attention_heads"] * dim, 2 * hidden)}
    for name, (outputs, inputs) in products.items():
        codes = numpy.clip(numbers.halves((outputs, inputs), 40.0), -127, 127).astype(numpy.int8)
        scales = numpy.full((outputs, inputs // BLOCK), 0.02 / 40, numpy.float16)
        tensors += [(name + ".codes", "I8", codes), (name + ".scales", "F16", scales)]
    shape = dict(layers=layers, hidden=hidden, vocabulary=config["vocab_size"], groups=groups,
                 group_of_layer=[layer * groups // layers for layer in range(layers)],
                 kv_heads=config["num_key_value_heads"], query_heads=config["num_attention_heads"], head_dim=dim,
                 feature_layers=[layers // 2], rope_base=config["rope_theta"], norm_epsilon=config["rms_norm_eps"],
                 trained_length=config["max_position_embeddings"], weight_block=BLOCK, key_features="own")
    write_safetensors(folder / "head.safetensors", tensors, {
        "format": "contexture-retrieval-head", "version": "1", "config": json.dumps(shape),
        "target_sha256": hashlib.sha256(b"random").hexdigest()})


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("shape", choices=SHAPES)
    arguments.add_argument("folder", type=pathlib.Path)
    arguments.add_argument("--groups", type=int, default=1, help="layer groups of the head")
    given = arguments.parse_args()
    config, model = SHAPES[given.shape], given.folder / "model"
    model.mkdir(parents=True)
    (model / "config.json").write_text(json.dumps(dict(config, torch_dtype="float16", eos_token_id=256)))
    numbers = Numbers()
    write_tokenizer(model)
    write_weights(config, model, numbers)
    write_head(config, given.folder, given.groups, numbers)


if __name__ == "__main__":
    main()
