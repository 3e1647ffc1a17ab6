"""The head's file: norms in float32, products in 8 bits with a scale per block of 32 inputs."""

import json
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.numpy import save_file
from safetensors.torch import load_file
from safetensors.torch import save_file as save_tensors

from .head import Head, HeadConfig
from .target import Target, TargetConfig

FORMAT, VERSION, BLOCK = "contexture-retrieval-head", "1", 32
_PRODUCTS = ("fuse", "query", "key")


def quantise(weight: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """[outputs, inputs] -> codes int8 and scales float16 [outputs, inputs / 32]."""
    blocks = weight.detach().float().cpu().reshape(weight.shape[0], -1, BLOCK)
    scales = (blocks.abs().amax(-1) / 127).half()
    divisor = scales.float().clamp_min(1e-12)[..., None]
    codes = (blocks / divisor).round().clamp(-127, 127).to(torch.int8)
    return codes.reshape(weight.shape).numpy(), scales.numpy()


def dequantise(codes: np.ndarray, scales: np.ndarray) -> torch.Tensor:
    blocks = torch.from_numpy(codes).float().reshape(codes.shape[0], -1, BLOCK)
    return (blocks * torch.from_numpy(scales).float()[..., None]).reshape(codes.shape)


def _config(head: Head, target: TargetConfig, trained_length: int) -> dict:
    c = head.config
    return {
        "layers": target.layers,
        "hidden": target.hidden,
        "vocabulary": target.vocabulary,
        "groups": c.groups,
        "group_of_layer": c.group_of_layer(target.layers),
        "kv_heads": c.kv_heads,
        "query_heads": c.query_heads,
        "head_dim": c.head_dim,
        "feature_layers": list(c.feature_layers),
        "rope_base": c.rope_base,
        "norm_epsilon": target.norm_epsilon,
        "trained_length": trained_length,
        "max_position": target.context_length,
        "weight_block": BLOCK,
        "key_features": c.key_features,
        "teacher": c.teacher,
        "name": c.name,
    }


def write(head: Head, target: TargetConfig, target_name: str, target_sha256: str, trained_length: int, training: dict, path: Path) -> None:
    tensors = {"embedding_norm": head.embedding_norm.weight, "fused_norm": head.fused_norm.weight}
    tensors |= {f"feature_norm.{i}": norm.weight for i, norm in enumerate(head.feature_norm)}
    arrays = {name: value.detach().float().cpu().numpy() for name, value in tensors.items()}
    for name in _PRODUCTS:
        arrays[f"{name}.codes"], arrays[f"{name}.scales"] = quantise(getattr(head, name).weight)
    metadata = {
        "format": FORMAT,
        "version": VERSION,
        "target_name": target_name,
        "target_sha256": target_sha256,
        "config": json.dumps(_config(head, target, trained_length)),
        "training": json.dumps(training),
    }
    save_file(arrays, path, metadata)


def training(path: Path) -> dict:
    """How a head was made."""
    with safe_open(path, framework="np") as file:
        return json.loads(file.metadata()["training"])


def write_floats(head: Head, path: Path) -> None:
    """The parameters before rounding, beside the head's file: to train on, or to see what 8 bits cost."""
    save_tensors({name: value.detach().cpu().contiguous() for name, value in head.state_dict().items()}, _floats(path))


def _floats(path: Path) -> Path:
    return path.with_suffix(".floats")


def read(path: Path, target: Target, target_sha256: str, floats: bool = False) -> Head:
    """The head as it will run, products dequantised; or, with `floats`, as it was before. Refuses a head of another target."""
    with safe_open(path, framework="np") as file:
        metadata = file.metadata()
        if (metadata.get("format"), metadata.get("version")) != (FORMAT, VERSION):
            raise ValueError(f"{path} is no retrieval head of version {VERSION}")
        if metadata["target_sha256"] != target_sha256:
            raise ValueError(f"{path} was trained for {metadata['target_name']}, another model than this one")
        arrays = {name: file.get_tensor(name) for name in file.keys()}
    raw = json.loads(metadata["config"])
    config = HeadConfig(
        name=raw["name"],
        groups=raw["groups"],
        kv_heads=raw["kv_heads"],
        query_heads=raw["query_heads"],
        teacher=raw["teacher"],
        key_features=raw["key_features"],
        feature_layers=tuple(raw["feature_layers"]),
        head_dim=raw["head_dim"],
        rope_base=raw["rope_base"],
    )
    head = Head(config, target.config)
    if floats:
        head.load_state_dict(load_file(_floats(path)))
        return head.to(target.device)
    parameters = {
        "embedding_norm.weight": torch.from_numpy(arrays["embedding_norm"]),
        "fused_norm.weight": torch.from_numpy(arrays["fused_norm"]),
    }
    for i in range(len(config.feature_layers)):
        parameters[f"feature_norm.{i}.weight"] = torch.from_numpy(arrays[f"feature_norm.{i}"])
    for name in _PRODUCTS:
        parameters[f"{name}.weight"] = dequantise(arrays[f"{name}.codes"], arrays[f"{name}.scales"])
    head.load_state_dict(parameters)
    return head.to(target.device)
