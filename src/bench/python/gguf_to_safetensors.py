"""Writes a Llama GGUF file as a folder of safetensors in bfloat16, as models come from Hugging Face.

    pip install gguf
    gguf_to_safetensors.py MODEL.gguf FOLDER

For comparisons of precisions on weights that mean something, where no such folder can be downloaded: the numbers are those of the
quantised file, rounded to bfloat16 once more. Byte-level BPE tokenizers of the kinds gpt2 and smollm only.
"""

import json
import os
import struct
import sys

import numpy as np
from gguf import GGUFReader
from gguf.quants import dequantize

NAMES = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}
LAYER_NAMES = {"attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm", "attn_q": "self_attn.q_proj",
               "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj",
               "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj"}
CONTROL = 3  # a token's type


def name(of):
    parts = of.removesuffix(".weight").split(".")
    return (f"model.layers.{parts[1]}.{LAYER_NAMES[parts[2]]}" if parts[0] == "blk" else NAMES[parts[0]]) + ".weight"


def brain_floats(numbers):
    bits = np.ascontiguousarray(numbers, np.float32).view(np.uint32).astype(np.uint64)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def halves_apart(rows, heads):
    """GGUF files of Llamas have the two numbers of a rotation side by side, Hugging Face's half a head apart."""
    return rows.reshape(heads, rows.shape[0] // heads // 2, 2, -1).swapaxes(1, 2).reshape(rows.shape)


def write_weights(reader, heads, path):
    arrays = {}
    for tensor in reader.tensors:
        numbers = dequantize(tensor.data, tensor.tensor_type)
        kind = tensor.name.split(".")[-2]
        arrays[name(tensor.name)] = brain_floats(halves_apart(numbers, heads[kind]) if kind in heads else numbers)
    header, at = {}, 0
    for key, array in arrays.items():
        header[key] = {"dtype": "BF16", "shape": list(array.shape), "data_offsets": [at, at + array.nbytes]}
        at += array.nbytes
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for array in arrays.values():
            file.write(array.tobytes())


def tokenizer(value):
    tokens, types = value("tokenizer.ggml.tokens"), value("tokenizer.ggml.token_type")
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    before = [level] if value("tokenizer.ggml.pre") != "smollm" else [{"type": "Digits", "individual_digits": True}, level]
    special = [{"id": i, "content": text, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
                "special": True} for i, (text, kind) in enumerate(zip(tokens, types)) if kind == CONTROL]
    return {"version": "1.0", "added_tokens": special, "pre_tokenizer": {"type": "Sequence", "pretokenizers": before},
            "decoder": level, "model": {"type": "BPE", "vocab": {text: i for i, text in enumerate(tokens)},
                                        "merges": value("tokenizer.ggml.merges")}}


def main():
    source, folder = sys.argv[1:]
    reader = GGUFReader(source)

    def value(key):
        return reader.fields[key].contents()

    if value("general.architecture") != "llama":
        raise SystemExit(f"{source}: a Llama is wanted, but this is {value('general.architecture')}")
    os.makedirs(folder, exist_ok=True)
    heads, kv_heads = value("llama.attention.head_count"), value("llama.attention.head_count_kv")
    write_weights(reader, {"attn_q": heads, "attn_k": kv_heads}, os.path.join(folder, "model.safetensors"))
    tokens = value("tokenizer.ggml.tokens")
    begin, end = value("tokenizer.ggml.bos_token_id"), value("tokenizer.ggml.eos_token_id")
    files = {
        "config.json": {
            "architectures": ["LlamaForCausalLM"], "model_type": "llama", "torch_dtype": "bfloat16", "hidden_act": "silu",
            "hidden_size": value("llama.embedding_length"), "intermediate_size": value("llama.feed_forward_length"),
            "num_hidden_layers": value("llama.block_count"), "num_attention_heads": heads, "num_key_value_heads": kv_heads,
            "max_position_embeddings": value("llama.context_length"), "rope_theta": value("llama.rope.freq_base"),
            "rms_norm_eps": value("llama.attention.layer_norm_rms_epsilon"), "vocab_size": len(tokens),
            "bos_token_id": begin, "eos_token_id": end,
            "tie_word_embeddings": all(tensor.name != "output.weight" for tensor in reader.tensors)},
        "generation_config.json": {"bos_token_id": begin, "eos_token_id": end},
        "tokenizer.json": tokenizer(value),
        "tokenizer_config.json": {
            "bos_token": tokens[begin], "eos_token": tokens[end], "add_bos_token": bool(value("tokenizer.ggml.add_bos_token")),
            "tokenizer_class": "PreTrainedTokenizerFast", "chat_template": value("tokenizer.chat_template")}}
    for file, content in files.items():
        with open(os.path.join(folder, file), "w", encoding="utf-8") as out:
            json.dump(content, out, ensure_ascii=False)


if __name__ == "__main__":
    main()
