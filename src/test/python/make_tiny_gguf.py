"""Makes golden/gguf and golden/quants: a tiny GGUF model per weight type, a SentencePiece vocabulary, raw blocks.

usage: python make_tiny_gguf.py        (needs llama-cpp-python too: it quantises K types and checks our files)

The reference logits are transformers' in float32 on the dequantised weights. llama.cpp loads every file and must come
close, which proves that the files follow its conventions (row order of q and k, names, tokenizer).
"""

import ctypes
import glob
import os
import struct
import tempfile

import gguf
import gguf_model
import golden_io
import llama_cpp
import make_tiny_models
import numpy as np
import sentencepiece
import tiny_reference
import tiny_text
import torch
import transformers
from gguf import GGMLQuantizationType as QuantType
from llama_cpp import llama_cpp as lib
from make_golden import transformers_name

FOLDER = "gguf"
TYPES = ["F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q4_K", "Q5_K", "Q6_K"]
K_TYPES = {"Q4_K", "Q5_K", "Q6_K"}
ROWS_BEFORE_END = 8  # golden rows start that many prompt positions before the end
PRE_PATTERNS = {"llama-bpe": make_tiny_models.LLAMA3_PATTERN, "qwen2": make_tiny_models.QWEN_PATTERN}
ROPE = {"rope_theta": 10000.0, "rope_type": "default"}
SMALL = {"hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2}
WIDE = {"hidden_size": 256, "intermediate_size": 256, "num_hidden_layers": 1}  # K blocks hold 256 weights of a row
UNTIED = {"tie_word_embeddings": False}

# name: (what is special, transformers' model type, settings, weight type)
MODELS = {
    "llama-f32": ("tied head", "llama", {}, "F32"),
    "llama-f16-rope-freqs": ("Llama 3 RoPE scaling as tensor rope_freqs.weight, untied head", "llama",
                             {"rope_parameters": {"rope_theta": 500000.0, **make_tiny_models.LLAMA3_SCALING}, **UNTIED},
                             "F16"),
    "llama-bf16-linear": ("linear RoPE scaling by 4, untied head", "llama",
                          {"rope_parameters": {"rope_theta": 10000.0, "rope_type": "linear", "factor": 4.0}, **UNTIED},
                          "BF16"),
    "llama-q4_0": ("untied head", "llama", UNTIED, "Q4_0"),
    "llama-q4_1": ("tied head", "llama", {}, "Q4_1"),
    "llama-q5_0-v2": ("written as GGUF version 2", "llama", {}, "Q5_0"),
    "llama-q5_1": ("untied head", "llama", UNTIED, "Q5_1"),
    "llama-q8_0": ("one KV head", "llama", {"num_key_value_heads": 1}, "Q8_0"),
    "llama-q4_k": ("untied head, rows of 256 weights", "llama", {**WIDE, **UNTIED}, "Q4_K"),
    "llama-q5_k": ("untied head, rows of 256 weights", "llama", {**WIDE, **UNTIED}, "Q5_K"),
    "llama-q6_k": ("untied head, rows of 256 weights", "llama", {**WIDE, **UNTIED}, "Q6_K"),
    "qwen2-q8_0": ("biases of q, k and v, rows in half-split order", "qwen2", {}, "Q8_0"),
    "qwen3-q4_1": ("q and k norms, head_dim 32 with hidden 64 and 4 heads", "qwen3", {"head_dim": 32}, "Q4_1"),
    "llama-spm-q8_0": ("SentencePiece-type vocabulary with scores and byte tokens", "llama", UNTIED, "Q8_0"),
}
CLASSES = {"llama": (transformers.LlamaConfig, transformers.LlamaForCausalLM),
           "qwen2": (transformers.Qwen2Config, transformers.Qwen2ForCausalLM),
           "qwen3": (transformers.Qwen3Config, transformers.Qwen3ForCausalLM)}
EXTRA_TENSORS = {"attn_q_norm": "self_attn.q_norm", "attn_k_norm": "self_attn.k_norm"}


@lib.llama_log_callback
def no_log(_level, _text, _data):
    pass


def ggml():
    library = ctypes.CDLL(glob.glob(os.path.join(os.path.dirname(llama_cpp.__file__), "lib", "libggml-base.so"))[0])
    library.ggml_quantize_chunk.restype = ctypes.c_size_t
    library.ggml_quantize_chunk.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64,
                                            ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p]
    return library


def quantize(weights, kind):
    """Rows of float32 → stored form; K types by ggml, since gguf can only decode them."""
    weights = np.ascontiguousarray(weights, dtype=np.float32)
    if kind not in K_TYPES:
        return gguf.quantize(weights, QuantType[kind])
    rows, columns = weights.shape
    block, size = gguf.GGML_QUANT_SIZES[QuantType[kind]]
    out = np.zeros((rows, columns // block * size), dtype=np.uint8)
    written = ggml().ggml_quantize_chunk(QuantType[kind].value, weights.ctypes.data, out.ctypes.data, 0, rows, columns,
                                         None)
    if written != out.nbytes:
        raise SystemExit(f"{kind}: ggml wrote {written} bytes, expected {out.nbytes}")
    return out


def interleaved_rows(weight, heads):
    """llama.cpp's row order of q and k: the inverse of gguf_model.half_split_rows."""
    rows = weight.shape[0] // heads
    return weight.reshape(heads, 2, rows // 2, *weight.shape[1:]).swapaxes(1, 2).reshape(weight.shape)


def gguf_names(model):
    """transformers' parameter name → GGUF tensor name."""
    parts = {v: k for k, v in EXTRA_TENSORS.items()}
    names = {}
    for name, _ in model.named_parameters():
        if not name.startswith("model.layers."):
            names[name] = {"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight",
                           "lm_head.weight": "output.weight"}[name]
            continue
        _, _, layer, rest = name.split(".", 3)
        stem, suffix = rest.rsplit(".", 1)
        if stem in parts:
            names[name] = f"blk.{layer}.{parts[stem]}.{suffix}"
        else:
            names[name] = next(g for g in (f"blk.{layer}.{p}.{suffix}" for p in LAYER_PARTS)
                               if transformers_name(f"{g.rsplit('.', 1)[0]}.weight").rsplit(".", 1)[0]
                               == name.rsplit(".", 1)[0])
    return names


LAYER_PARTS = ["attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down", "attn_norm", "ffn_norm"]


def train_sentencepiece(vocabulary):
    with tempfile.TemporaryDirectory() as scratch:
        prefix = os.path.join(scratch, "spm")
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(tiny_text.CORPUS * 3), model_prefix=prefix, model_type="bpe", vocab_size=vocabulary,
            byte_fallback=True, normalization_rule_name="identity", remove_extra_whitespaces=False,
            split_digits=True, character_coverage=1.0, num_threads=1, minloglevel=2)
        return sentencepiece.SentencePieceProcessor(model_file=prefix + ".model")


def write_sentencepiece(writer, processor):
    tokens, scores, types = [], [], []
    for i in range(processor.get_piece_size()):
        tokens.append(processor.id_to_piece(i))
        scores.append(processor.get_score(i))
        types.append(gguf.TokenType.UNKNOWN if processor.is_unknown(i)
                     else gguf.TokenType.CONTROL if processor.is_control(i)
                     else gguf.TokenType.BYTE if processor.is_byte(i) else gguf.TokenType.NORMAL)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores(scores)
    writer.add_token_types(types)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_add_space_prefix(True)


def write_byte_level(writer, tokenizer, pre):
    vocabulary = tokenizer.get_vocab()
    tokens = sorted(vocabulary, key=vocabulary.get)
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        tokenizer.save(file.name)
        merges = golden_io.read_json(file.name)["model"]["merges"]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(tokens)
    writer.add_token_types([gguf.TokenType.CONTROL if t in make_tiny_models.SPECIAL else gguf.TokenType.NORMAL
                            for t in tokens])
    writer.add_token_merges([" ".join(merge) if isinstance(merge, list) else merge for merge in merges])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(1)
    writer.add_add_bos_token(False)
    writer.add_chat_template(make_tiny_models.CHAT_TEMPLATE)


def write_header(writer, config, description):
    writer.add_name("tiny random model")
    writer.add_description(description)
    writer.add_license("apache-2.0")
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_vocab_size(config.vocab_size)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    if config.model_type == "llama":
        writer.add_rope_dimension_count(config.head_dim)
    if config.model_type == "qwen3":
        writer.add_key_length(config.head_dim)
        writer.add_value_length(config.head_dim)
    if config.rope_parameters["rope_type"] == "linear":
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(config.rope_parameters["factor"])


def rope_frequency_divisors(model, config):
    """What llama.cpp divides each rotary frequency by: the plain frequency over the scaled one."""
    half = config.head_dim // 2
    plain = config.rope_parameters["rope_theta"] ** -(torch.arange(half, dtype=torch.float64) / half)
    return (plain / model.model.rotary_emb.inv_freq.double()).float().numpy()


def store(model, config, path, kind, description, add_tokenizer):
    """Writes the GGUF and puts the dequantised weights back into the model."""
    writer = gguf.GGUFWriter(path, config.model_type)
    write_header(writer, config, description)
    writer.add_file_type({"F32": 0, "F16": 1, "BF16": 32, "Q4_0": 2, "Q4_1": 3, "Q5_0": 8, "Q5_1": 9, "Q8_0": 7,
                          "Q4_K": 14, "Q5_K": 16, "Q6_K": 18}[kind])
    add_tokenizer(writer)
    names = gguf_names(model)
    heads = {"attn_q": config.num_attention_heads, "attn_k": config.num_key_value_heads}
    if config.rope_parameters["rope_type"] == "llama3":
        writer.add_tensor("rope_freqs.weight", rope_frequency_divisors(model, config))
    for name, weight in model.named_parameters():
        values, part = weight.numpy().copy(), names[name].split(".")[-2]
        permuted = config.model_type == "llama" and part in heads
        if permuted:
            values = interleaved_rows(values, heads[part])
        if values.ndim == 1:
            writer.add_tensor(names[name], values)
            continue
        data = quantize(values, kind)
        restored = gguf.dequantize(data, QuantType[kind]).astype(np.float32)
        writer.add_tensor(names[name], data, raw_dtype=QuantType[kind])
        weight.copy_(torch.from_numpy(gguf_model.half_split_rows(restored, heads[part]) if permuted else restored))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def llama_cpp_logits(path, prompt):
    model = llama_cpp.Llama(path, n_ctx=128, n_threads=1, verbose=False, logits_all=False)
    model.eval(prompt)
    return np.ctypeslib.as_array(model._ctx.get_logits(), shape=(model.n_vocab(),)).copy()


def encodings(path, expected):
    """Token ids of our texts, which llama.cpp and the library that trained the vocabulary must agree on."""
    other = llama_cpp.Llama(path, vocab_only=True, verbose=False)
    cases = []
    for text in tiny_text.TEXTS:
        ids = expected(text)
        case = {"text": text, "ids": ids}
        other_ids = other.tokenize(text.encode(), add_bos=False, special=False)
        if other_ids != ids:
            case["llama_cpp_ids"] = other_ids
        cases.append(case)
    return cases


def write_model(name):
    description, family, settings, kind = MODELS[name]
    config_class, model_class = CLASSES[family]
    base = {**make_tiny_models.BASE, **SMALL, "rope_parameters": ROPE, "tie_word_embeddings": True}
    if "spm" in name:
        base["vocab_size"] = 420
        processor = train_sentencepiece(base["vocab_size"])
        encode, pre = processor.encode, None
        prompt = [1] + encode(tiny_text.PROMPT)

        def add_tokenizer(writer):
            write_sentencepiece(writer, processor)
    else:
        pre = "llama-bpe" if family == "llama" else "qwen2"
        tokenizer = make_tiny_models.train_tokenizer(PRE_PATTERNS[pre])
        prompt = tokenizer.encode(tiny_text.PROMPT).ids

        def encode(text):
            return tokenizer.encode(text).ids

        def add_tokenizer(writer):
            write_byte_level(writer, tokenizer, pre)

    config = config_class(**{**base, **settings})
    path = golden_io.golden_path(FOLDER, f"{name}.gguf")
    for seed in range(200):
        model = model_class(config).eval()
        tiny_reference.randomise(model, seed)
        store(model, config, path, kind, description, add_tokenizer)
        tokens, rows, margins = tiny_reference.run(model, prompt)
        if tiny_reference.is_decisive(tokens, margins):
            break
    else:
        raise SystemExit(f"{name}: no seed gives clear greedy tokens")
    if name.endswith("-v2"):
        with open(path, "r+b") as file:
            file.seek(4)
            file.write(struct.pack("<I", 2))

    first = len(prompt) - ROWS_BEFORE_END
    golden_io.write_bytes(golden_io.golden_path(FOLDER, f"{name}.golden.bin.gz"),
                          golden_io.pack_tiny(prompt, tokens, first, rows[first:]))
    reference, other = rows[len(prompt) - 1], llama_cpp_logits(path, prompt)
    difference = float(np.abs(reference - other).max())
    cases = encodings(path, encode)
    print(f"{name}: seed {seed}, {os.path.getsize(path)} bytes, {len(prompt)} tokens, margin {margins.min():.3f}, "
          f"{len(set(tokens))} different tokens, llama.cpp differs by {difference:.3f} of {np.abs(reference).max():.1f}, "
          f"encodings differ in {[c for c in cases if 'llama_cpp_ids' in c]}", flush=True)
    if difference > 0.1 * np.abs(reference).max():
        raise SystemExit(f"{name}: llama.cpp reads this file differently")
    return {"name": name, "file": f"{name}.gguf", "golden": f"{name}.golden.bin.gz", "weight_type": kind,
            "description": description, "family": family, "seed": seed, "prompt_tokens": len(prompt),
            "steps": len(tokens), "text": tiny_text.PROMPT, "smallest_margin": float(margins.min()),
            "llama_cpp_max_abs_logit_difference": difference,
            "tokenizer": {"model": "llama" if pre is None else "gpt2", "pre": pre, "encodings": cases}}


def random_blocks(kind, blocks, rng):
    """Random bytes with sane float16 scales in their places: everything a decoder has to take, not what a quantiser makes."""
    block, size = gguf.GGML_QUANT_SIZES[QuantType[kind]]
    if kind in ("F32", "F16", "BF16"):
        values = (rng.standard_normal(256 * blocks) * 10.0 ** rng.integers(-6, 4, 256 * blocks)).astype(np.float32)
        values[:6] = [0.0, -0.0, 1.0, -65504.0, 6e-8, 2.0 ** -24]
        return np.frombuffer(gguf.quantize(values[None], QuantType[kind]).tobytes(), np.uint8)[None]
    data = rng.integers(0, 256, (blocks, size), dtype=np.uint8)
    places = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q4_K": [0, 2], "Q5_K": [0, 2],
              "Q6_K": [208]}[kind]
    for place in places:
        scales = (rng.uniform(0.001, 0.1, blocks) * rng.choice([-1, 1], blocks)).astype("<f2")
        data[:, place:place + 2] = scales.view(np.uint8).reshape(blocks, 2)
    return data.reshape(1, -1)


def write_quants():
    rng = np.random.default_rng(7)
    entries = []
    for kind in TYPES:
        block, size = gguf.GGML_QUANT_SIZES[QuantType[kind]]
        made = quantize(rng.standard_normal((4, 256)).astype(np.float32), kind)
        made = np.frombuffer(made.tobytes(), np.uint8)[None]
        data = np.concatenate([made, random_blocks(kind, 8, rng)], axis=1)
        stored = data if kind not in ("F32", "F16") else data.view({"F32": "<f4", "F16": "<f2"}[kind])
        values = gguf.dequantize(stored, QuantType[kind]).astype(np.float32).ravel()
        name = kind.lower()
        golden_io.write_bytes(golden_io.golden_path("quants", f"{name}.bin"), data.tobytes())
        golden_io.write_bytes(golden_io.golden_path("quants", f"{name}.f32"), golden_io.little_endian(values, "f4"))
        if not np.isfinite(values).all():
            raise SystemExit(f"{kind}: not finite")
        entries.append({"type": kind, "ggml_type": QuantType[kind].value, "block_weights": block, "block_bytes": size,
                        "bytes": data.size, "weights": len(values), "weights_of_a_quantiser": 1024,
                        "data": f"{name}.bin", "expected": f"{name}.f32"})
    golden_io.write_json(golden_io.golden_path("quants", "index.json"), {
        "description": "Blocks as they stand in a GGUF and the float32 values they mean, bit for bit: first 1,024 "
                       "weights made by a quantiser, then random bytes with sane scales.",
        "origin": "Seeded noise, decoded by gguf: make_tiny_gguf.py.", "gguf": GGUF_VERSION, "types": entries})
    print("quants:", {e["type"]: (e["bytes"], e["weights"]) for e in entries})


def installed_version(package):
    from importlib.metadata import version
    return version(package)


GGUF_VERSION = installed_version("gguf")


def main():
    torch.set_grad_enabled(False)
    lib.llama_log_set(no_log, ctypes.c_void_p())
    write_quants()
    entries = [write_model(name) for name in MODELS]
    golden_io.write_json(golden_io.golden_path(FOLDER, "index.json"), {
        "description": "One random GGUF per weight type with golden rows (format CXG2, ../README.md), computed in "
                       "float32 from the dequantised weights by transformers. Encodings: ids without bos, special "
                       "tokens as text; llama_cpp_ids only where llama.cpp differs.",
        "origin": "Weights are seeded noise, vocabularies are trained on our own sentences: make_tiny_gguf.py.",
        "versions": {"gguf": GGUF_VERSION, "torch": torch.__version__.split("+")[0],
                     "transformers": transformers.__version__, "sentencepiece": sentencepiece.__version__,
                     "llama_cpp_python": llama_cpp.__version__},
        "models": entries})


if __name__ == "__main__":
    main()
