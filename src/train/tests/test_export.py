import pytest
import torch
from safetensors import safe_open

from contexture_train import export


def _write(head, target, path, sha256="a" * 64):
    export.write(head, target.config, "tiny", sha256, 512, {"seed": 1}, path)
    return path


def test_codes_are_off_by_half_a_step_at_most():
    weight = torch.randn(48, 96, generator=torch.Generator().manual_seed(2))
    weight[3, :32] = 0
    codes, scales = export.quantise(weight)
    assert codes.dtype == "int8" and scales.dtype == "float16" and scales.shape == (48, 3)
    steps = torch.from_numpy(scales).float().repeat_interleave(export.BLOCK, 1)
    # A scale rounded down to float16 leaves the largest code short by one more part in 2048.
    assert ((export.dequantise(codes, scales) - weight).abs() <= steps * (0.5 + 127 / 2048)).all()


def test_what_is_written_is_read(target, make_head, tmp_path):
    head = make_head(query_heads=2)
    path = _write(head, target, tmp_path / "tiny.safetensors")
    found = export.read(path, target, "a" * 64)
    assert found.config == head.config
    for name, value in head.state_dict().items():
        torch.testing.assert_close(found.state_dict()[name], value, atol=0.01, rtol=0)
    again = _write(found, target, tmp_path / "again.safetensors")
    assert torch.equal(export.read(again, target, "a" * 64).query.weight, found.query.weight)
    assert export.training(path) == {"seed": 1}


def test_names_and_types_are_those_of_the_format(target, make_head, tmp_path):
    path = _write(make_head(), target, tmp_path / "tiny.safetensors")
    with safe_open(path, framework="np") as file:
        types = {name: str(file.get_tensor(name).dtype) for name in file.keys()}
    norms = {"embedding_norm", "fused_norm", "feature_norm.0", "feature_norm.1"}
    assert {name for name, kind in types.items() if kind == "float32"} == norms
    assert {name for name, kind in types.items() if kind == "int8"} == {"fuse.codes", "query.codes", "key.codes"}
    assert {name for name, kind in types.items() if kind == "float16"} == {"fuse.scales", "query.scales", "key.scales"}


def test_floats_are_kept_as_they_were(target, make_head, tmp_path):
    head = make_head()
    path = _write(head, target, tmp_path / "tiny.safetensors")
    export.write_floats(head, path)
    assert torch.equal(export.read(path, target, "a" * 64, floats=True).query.weight, head.query.weight)


def test_a_head_of_another_target_is_refused(target, make_head, tmp_path):
    path = _write(make_head(), target, tmp_path / "tiny.safetensors")
    with pytest.raises(ValueError, match="another model"):
        export.read(path, target, "b" * 64)
