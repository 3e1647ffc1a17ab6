import json

import numpy as np
import pytest
import torch
from conftest import VOCABULARY

from contexture_train.head import HeadConfig
from contexture_train.train import train

TINY = {"groups": 2, "feature_layers": (0, 2), "head_dim": 16}


def _clock(steps):
    """Lets so many steps pass before the time is over."""
    ticks = iter(range(10 * steps))
    return lambda: float(next(ticks))


@pytest.mark.parametrize("closed_loop", [0.0, 1.0])
def test_heads_learn_what_the_target_attends_to(target, tmp_path, closed_loop):
    sequences = np.random.default_rng(5).integers(0, VOCABULARY, (3, 320)).astype(np.uint16)
    configs = [
        HeadConfig("own", kv_heads=2, query_heads=2, **TINY),
        HeadConfig("shared", kv_heads=1, query_heads=2, teacher="max", next_token_loss=0.1, **TINY),
    ]
    log = tmp_path / "train.jsonl"
    train(target, sequences, configs, 60, log, closed_loop=closed_loop, row_scale=0.25, peak=0.05, clock=_clock(60))
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    for name in ("own", "shared"):
        losses = [line["loss"][name] for line in lines]
        assert losses[-1] < losses[0], (name, losses)


def test_training_goes_on_from_given_parameters(target, tmp_path):
    sequences = np.random.default_rng(5).integers(0, VOCABULARY, (1, 256)).astype(np.uint16)
    config = HeadConfig("own", kv_heads=2, query_heads=2, **TINY)
    first = train(target, sequences, [config], 3, tmp_path / "a", row_scale=0.25, clock=_clock(3))["own"]
    start = {"own": {name: value.clone() for name, value in first.state_dict().items()}}
    second = train(target, sequences, [config], 2, tmp_path / "b", row_scale=0.25, start=start, clock=_clock(2))["own"]
    moved = (second.query.weight - start["own"]["query.weight"]).abs().max().item()
    assert 0 < moved < 1e-3


def test_heads_that_read_other_layers_are_not_trained_together(target, tmp_path):
    configs = [HeadConfig(str(layers), 2, 2, 2, feature_layers=layers) for layers in ((0, 2), (1, 2))]
    with pytest.raises(ValueError, match="same feature layers"):
        train(target, np.zeros((1, 256), np.uint16), configs, 1, tmp_path / "log", clock=_clock(1))


def test_impossible_heads_are_refused():
    with pytest.raises(ValueError, match="multiple of kv_heads"):
        HeadConfig("odd", 2, 3, 4)
    with pytest.raises(ValueError, match="teacher"):
        HeadConfig("odd", 2, 2, 4, teacher="mean")
    assert HeadConfig("uneven", 3, 1, 1).group_of_layer(4) == [0, 0, 1, 2]
