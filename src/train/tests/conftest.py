import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from contexture_train.head import Head, HeadConfig  # noqa: E402
from contexture_train.target import Target  # noqa: E402

LAYERS, HIDDEN, HEADS, KV_HEADS, DIM, INNER, VOCABULARY = 4, 64, 4, 2, 16, 96, 200


def tiny_weights() -> dict[str, np.ndarray]:
    """Random weights by the names of the hub's format."""
    rng = np.random.default_rng(7)

    def normal(*shape):
        return (rng.standard_normal(shape) / shape[-1] ** 0.5).astype(np.float32)

    weights = {"model.embed_tokens.weight": normal(VOCABULARY, HIDDEN) * 8, "model.norm.weight": np.ones(HIDDEN, np.float32)}
    for i in range(LAYERS):
        at = f"model.layers.{i}."
        weights |= {
            at + "input_layernorm.weight": 1 + 0.1 * normal(HIDDEN),
            at + "post_attention_layernorm.weight": 1 + 0.1 * normal(HIDDEN),
            at + "self_attn.q_proj.weight": normal(HEADS * DIM, HIDDEN) * 3,
            at + "self_attn.k_proj.weight": normal(KV_HEADS * DIM, HIDDEN) * 3,
            at + "self_attn.v_proj.weight": normal(KV_HEADS * DIM, HIDDEN),
            at + "self_attn.o_proj.weight": normal(HIDDEN, HEADS * DIM),
            at + "mlp.gate_proj.weight": normal(INNER, HIDDEN),
            at + "mlp.up_proj.weight": normal(INNER, HIDDEN),
            at + "mlp.down_proj.weight": normal(HIDDEN, INNER),
        }
    return weights


def write_hub(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "num_hidden_layers": LAYERS,
        "hidden_size": HIDDEN,
        "num_attention_heads": HEADS,
        "num_key_value_heads": KV_HEADS,
        "vocab_size": VOCABULARY,
        "max_position_embeddings": 1024,
        "rope_theta": 10000.0,
        "rms_norm_eps": 1e-5,
    }
    (folder / "config.json").write_text(json.dumps(config))
    save_file(tiny_weights(), folder / "model.safetensors")
    return folder


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory) -> Path:
    return write_hub(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="session")
def target(model_folder) -> Target:
    return Target(model_folder, "cpu", torch.float32)


@pytest.fixture
def ids() -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(3).integers(0, VOCABULARY, 160))


@pytest.fixture
def make_head(target):
    def make(seed: int = 0, **changes) -> Head:
        torch.manual_seed(seed)
        settings = {"name": "tiny", "groups": 2, "kv_heads": 2, "query_heads": 4, "feature_layers": (0, 2), "head_dim": 16}
        return Head(HeadConfig(**{**settings, **changes}), target.config)

    return make
