"""The model that a head is trained for: weights from GGUF or safetensors, and a plain forward pass with hooks.

Shapes: T tokens, H query heads, K KV heads, D head dim, C hidden size. Rotary halves are (i, i + D/2) throughout.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F


@dataclass(frozen=True)
class TargetConfig:
    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    vocabulary: int
    context_length: int
    rope_base: float
    norm_epsilon: float
    qkv_bias: bool
    qk_norm: bool

    @property
    def group(self) -> int:
        """Query heads per KV head."""
        return self.heads // self.kv_heads


_GGUF_NAMES = {
    "attn_norm": "norm1",
    "ffn_norm": "norm2",
    "attn_q": "q",
    "attn_k": "k",
    "attn_v": "v",
    "attn_output": "o",
    "ffn_gate": "gate",
    "ffn_up": "up",
    "ffn_down": "down",
    "attn_q_norm": "q_norm",
    "attn_k_norm": "k_norm",
}
_HUB_NAMES = {
    "input_layernorm": "norm1",
    "post_attention_layernorm": "norm2",
    "self_attn.q_proj": "q",
    "self_attn.k_proj": "k",
    "self_attn.v_proj": "v",
    "self_attn.o_proj": "o",
    "mlp.gate_proj": "gate",
    "mlp.up_proj": "up",
    "mlp.down_proj": "down",
    "self_attn.q_norm": "q_norm",
    "self_attn.k_norm": "k_norm",
}


def _half_split(weight: np.ndarray, heads: int) -> np.ndarray:
    """GGUF files of the Llama family interleave rotary pairs; this undoes it. weight: [heads * D, ...]."""
    out = weight.shape[0]
    return weight.reshape(heads, out // heads // 2, 2, *weight.shape[1:]).swapaxes(1, 2).reshape(weight.shape)


def _read_gguf(path: Path) -> tuple[TargetConfig, dict[str, np.ndarray]]:
    from gguf import GGUFReader
    from gguf.quants import dequantize

    reader = GGUFReader(path)

    def field(name: str, default=None):
        found = reader.fields.get(name)
        return default if found is None else found.contents()

    arch = field("general.architecture")
    if arch not in ("llama", "qwen2", "qwen3"):
        raise ValueError(f"the architecture {arch} of {path} is not supported; llama, qwen2 and qwen3 are")
    heads, kv_heads = field(f"{arch}.attention.head_count"), field(f"{arch}.attention.head_count_kv")
    hidden = field(f"{arch}.embedding_length")
    weights = {}
    for tensor in reader.tensors:
        value = dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        if tensor.name.startswith("blk."):
            _, layer, name, kind = tensor.name.split(".", 3)
            if arch == "llama" and name in ("attn_q", "attn_k"):
                value = _half_split(value, heads if name == "attn_q" else kv_heads)
            if name in _GGUF_NAMES:
                weights[f"{layer}.{_GGUF_NAMES[name]}" + (".bias" if kind == "bias" else "")] = value
        elif tensor.name in ("token_embd.weight", "output_norm.weight", "output.weight"):
            weights[{"token_embd": "embedding", "output_norm": "norm", "output": "output"}[tensor.name.split(".")[0]]] = value
    config = TargetConfig(
        layers=field(f"{arch}.block_count"),
        hidden=hidden,
        heads=heads,
        kv_heads=kv_heads,
        head_dim=field(f"{arch}.attention.key_length", hidden // heads),
        vocabulary=weights["embedding"].shape[0],
        context_length=field(f"{arch}.context_length"),
        rope_base=float(field(f"{arch}.rope.freq_base", 10000.0)),
        norm_epsilon=float(field(f"{arch}.attention.layer_norm_rms_epsilon")),
        qkv_bias="0.q.bias" in weights,
        qk_norm="0.q_norm" in weights,
    )
    return config, weights


def _read_hub(folder: Path) -> tuple[TargetConfig, dict[str, np.ndarray]]:
    from safetensors import safe_open

    raw = json.loads((folder / "config.json").read_text())
    if raw.get("rope_scaling"):
        raise ValueError(f"{folder} scales its rotary frequencies, which the trainer does not know")
    weights = {}
    for file in sorted(folder.glob("*.safetensors")):
        with safe_open(file, framework="pt") as tensors:
            for name in tensors.keys():
                value = tensors.get_tensor(name).float().numpy()
                if name.startswith("model.layers."):
                    layer, rest = name.removeprefix("model.layers.").split(".", 1)
                    stem, kind = rest.rsplit(".", 1)
                    weights[f"{layer}.{_HUB_NAMES[stem]}" + (".bias" if kind == "bias" else "")] = value
                else:
                    known = {"model.embed_tokens.weight": "embedding", "model.norm.weight": "norm", "lm_head.weight": "output"}
                    weights[known[name]] = value
    heads = raw["num_attention_heads"]
    config = TargetConfig(
        layers=raw["num_hidden_layers"],
        hidden=raw["hidden_size"],
        heads=heads,
        kv_heads=raw.get("num_key_value_heads", heads),
        head_dim=raw.get("head_dim") or raw["hidden_size"] // heads,
        vocabulary=raw["vocab_size"],
        context_length=raw["max_position_embeddings"],
        rope_base=float(raw.get("rope_theta", 10000.0)),
        norm_epsilon=float(raw["rms_norm_eps"]),
        qkv_bias="0.q.bias" in weights,
        qk_norm="0.q_norm" in weights,
    )
    return config, weights


_FOLDER_PARTS = (
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "chat_template.jinja",
    "model.safetensors.index.json",
)


def fingerprint(path: Path) -> str:
    """SHA-256 of a model file, or of the names and hashes of a folder's parts: what the server calls the model's SHA-256."""
    if path.is_dir():
        parts = sorted(f for f in path.iterdir() if f.name in _FOLDER_PARTS or f.match("model*.safetensors"))
        return hashlib.sha256("".join(f"{f.name} {fingerprint(f)}\n" for f in parts).encode()).hexdigest()
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        while chunk := stream.read(1 << 22):
            digest.update(chunk)
    return digest.hexdigest()


def model_name(path: Path) -> str:
    return path.name.removesuffix(".gguf")


def rope_tables(positions: torch.Tensor, dim: int, base: float) -> tuple[torch.Tensor, torch.Tensor]:
    """cos and sin, [positions, dim], each half twice."""
    frequencies = base ** (-torch.arange(0, dim, 2, device=positions.device, dtype=torch.float64) / dim)
    angles = positions.double()[:, None] * frequencies
    angles = torch.cat([angles, angles], -1)
    return angles.cos().float(), angles.sin().float()


def rotate(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    """x: [..., T, D]; tables [T, D]."""
    half = x.shape[-1] // 2
    wide = x.float()
    turned = torch.cat([-wide[..., half:], wide[..., :half]], -1)
    return (wide * cos + turned * sin).to(x.dtype)


def rms_norm(x: torch.Tensor, weight: torch.Tensor, epsilon: float) -> torch.Tensor:
    return (F.rms_norm(x.float(), (x.shape[-1],), None, epsilon) * weight.float()).to(x.dtype)


class Target:
    """The frozen model. One sequence at a time: x is [T, C]."""

    def __init__(self, path: Path, device: str, dtype: torch.dtype):
        self.config, raw = _read_gguf(path) if path.is_file() else _read_hub(path)
        self.device, self.dtype = device, dtype
        self.weights = {name: torch.from_numpy(value).to(device, dtype) for name, value in raw.items()}

    def cast(self, dtype: torch.dtype) -> "Target":
        other = object.__new__(Target)
        other.config, other.device, other.dtype = self.config, self.device, dtype
        other.weights = {name: value.to(dtype) for name, value in self.weights.items()}
        return other

    def embed(self, ids: torch.Tensor) -> torch.Tensor:
        return self.weights["embedding"][ids]

    def tables(self, positions: torch.Tensor):
        return rope_tables(positions, self.config.head_dim, self.config.rope_base)

    def qkv(self, layer: int, x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor):
        """q [H, T, D], k and v [K, T, D]; q and k rotated."""
        c, w = self.config, self.weights
        h = rms_norm(x, w[f"{layer}.norm1"], c.norm_epsilon)
        parts = []
        for name, heads in (("q", c.heads), ("k", c.kv_heads), ("v", c.kv_heads)):
            y = F.linear(h, w[f"{layer}.{name}"], w.get(f"{layer}.{name}.bias"))
            y = y.view(-1, heads, c.head_dim)
            if c.qk_norm and name != "v":
                y = rms_norm(y, w[f"{layer}.{name}_norm"], c.norm_epsilon)
            parts.append(y.transpose(0, 1))
        return rotate(parts[0], cos, sin), rotate(parts[1], cos, sin), parts[2]

    def after_attention(self, layer: int, x: torch.Tensor, attended: torch.Tensor) -> torch.Tensor:
        """attended: [H, T, D] -> the hidden state behind the layer."""
        w = self.weights
        x = x + F.linear(attended.transpose(0, 1).reshape(x.shape[0], -1), w[f"{layer}.o"])
        h = rms_norm(x, w[f"{layer}.norm2"], self.config.norm_epsilon)
        return x + F.linear(F.silu(F.linear(h, w[f"{layer}.gate"])) * F.linear(h, w[f"{layer}.up"]), w[f"{layer}.down"])

    @property
    def output(self) -> torch.Tensor:
        """[vocabulary, C]: the embedding itself where the model ties the two."""
        return self.weights.get("output", self.weights["embedding"])

    def logits(self, x: torch.Tensor) -> torch.Tensor:
        return F.linear(rms_norm(x, self.weights["norm"], self.config.norm_epsilon), self.output).float()

    @torch.no_grad()
    def prefill(self, ids: torch.Tensor, on_layer=None, feature_layers=(), keep_kv=False):
        """Dense pass over ids [T]. on_layer(layer, q, k, v) sees every layer.

        Returns features [T, len(feature_layers), C] (or None) and, if asked, a list of (k, v) per layer.
        """
        cos, sin = self.tables(torch.arange(len(ids), device=self.device))
        x, features, kv = self.embed(ids), [], []
        for layer in range(self.config.layers):
            q, k, v = self.qkv(layer, x, cos, sin)
            if on_layer:
                on_layer(layer, q, k, v)
            if keep_kv:
                kv.append((k, v))
            repeat = self.config.group
            attended = F.scaled_dot_product_attention(
                q[None], k.repeat_interleave(repeat, 0)[None], v.repeat_interleave(repeat, 0)[None], is_causal=True
            )[0]
            x = self.after_attention(layer, x, attended)
            if layer in feature_layers:
                features.append(x)
        return (torch.stack(features, 1) if features else None), kv
