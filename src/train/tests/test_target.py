import hashlib

import gguf
import numpy as np
import pytest
import torch
from conftest import DIM, HEADS, HIDDEN, INNER, KV_HEADS, LAYERS, tiny_weights

from contexture_train.target import Target, fingerprint, model_name

_NAMES = {
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def _interleaved(weight: np.ndarray, heads: int) -> np.ndarray:
    """What converters to GGUF do to queries and keys of the Llama family."""
    return weight.reshape(heads, 2, weight.shape[0] // heads // 2, weight.shape[1]).swapaxes(1, 2).reshape(weight.shape)


@pytest.fixture
def gguf_file(tmp_path):
    path = tmp_path / "tiny.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(LAYERS)
    writer.add_embedding_length(HIDDEN)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_context_length(1024)
    writer.add_rope_freq_base(10000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    for name, value in tiny_weights().items():
        if name == "model.embed_tokens.weight":
            writer.add_tensor("token_embd.weight", value)
        elif name == "model.norm.weight":
            writer.add_tensor("output_norm.weight", value)
        else:
            layer, rest = name.removeprefix("model.layers.").split(".", 1)
            short = _NAMES[rest.removesuffix(".weight")]
            if short in ("attn_q", "attn_k"):
                value = _interleaved(value, HEADS if short == "attn_q" else KV_HEADS)
            writer.add_tensor(f"blk.{layer}.{short}.weight", value)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_gguf_and_safetensors_are_the_same_model(gguf_file, target, ids):
    other = Target(gguf_file, "cpu", torch.float32)
    assert other.config.head_dim == DIM
    expected, _ = target.prefill(ids, None, (0, LAYERS - 1))
    found, _ = other.prefill(ids, None, (0, LAYERS - 1))
    torch.testing.assert_close(found, expected)


def test_fingerprint_of_a_file_is_its_sha256(gguf_file):
    assert fingerprint(gguf_file) == hashlib.sha256(gguf_file.read_bytes()).hexdigest()
    assert model_name(gguf_file) == "tiny"


def test_fingerprint_of_a_folder_is_that_of_names_and_hashes_of_its_parts(model_folder, tmp_path):
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).write_bytes((model_folder / name).read_bytes())
    lines = "".join(f"{n} {hashlib.sha256((tmp_path / n).read_bytes()).hexdigest()}\n" for n in ("config.json", "model.safetensors"))
    (tmp_path / "README.md").write_text("no part of the model")
    assert fingerprint(tmp_path) == hashlib.sha256(lines.encode()).hexdigest()
