"""Trains several heads side by side: the teacher's pass costs most, and serves all of them."""

import json
import math
import time
from pathlib import Path

import numpy as np
import torch

from . import sparse
from .head import Head, HeadConfig
from .target import Target
from .teacher import Teacher, loss

LEARNING_RATE = 1.5e-3
WARM_UP_STEPS = 100
LAST_RATE = 0.03
UNIFORM_ROWS, EARLY_ROWS = 192, 64
EARLY_TOKENS = 2048


def _learning_rate(step: int, progress: float, peak: float) -> float:
    warm = min(1.0, (step + 1) / WARM_UP_STEPS)
    return peak * warm * (LAST_RATE + (1 - LAST_RATE) * 0.5 * (1 + math.cos(math.pi * min(progress, 1.0))))


def _rows(tokens: int, generator: torch.Generator, scale: float) -> torch.Tensor:
    uniform = torch.randint(min(256, tokens // 4), tokens, (int(UNIFORM_ROWS * scale),), generator=generator)
    early = torch.randint(min(128, tokens // 4), min(EARLY_TOKENS, tokens), (int(EARLY_ROWS * scale),), generator=generator)
    return torch.cat([uniform, early])


def train(
    target: Target,
    sequences: np.ndarray,
    configs: list[HeadConfig],
    seconds: float,
    log: Path,
    *,
    seed: int = 0,
    closed_loop: float = 0.0,
    row_scale: float = 1.0,
    peak: float = LEARNING_RATE,
    start: dict[str, dict] | None = None,
    clock=time.monotonic,
) -> dict[str, Head]:
    """Trains until `seconds` are over; the learning rate follows the time.

    closed_loop: share of steps in which a window's features are those of a sparse pass by the first head's own choice.
    start: parameters to begin with, by head name.
    """
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    device = target.device
    on_gpu = device != "cpu"
    heads = {c.name: Head(c, target.config).to(device) for c in configs}
    for name, parameters in (start or {}).items():
        heads[name].load_state_dict(parameters)
    optimizers = {
        name: torch.optim.AdamW(head.parameters(), lr=peak, betas=(0.9, 0.95), weight_decay=0.01, fused=on_gpu)
        for name, head in heads.items()
    }
    feature_layers = configs[0].feature_layers
    if any(c.feature_layers != feature_layers for c in configs):
        raise ValueError("heads that are trained together must read the same feature layers")
    tokens = sequences.shape[1]
    teacher = Teacher(target, len(_rows(tokens, generator, row_scale)), tokens)
    order = np.random.default_rng(seed).permutation(len(sequences))
    losses: dict[str, list[torch.Tensor]] = {name: [] for name in heads}
    begin, step = clock(), 0
    with open(log, "a") as out:
        while (elapsed := clock() - begin) < seconds:
            ids = torch.from_numpy(sequences[order[step % len(order)]].astype(np.int64)).to(device)
            rows = _rows(tokens, generator, row_scale).to(device)
            features, middle = teacher.run(ids, rows, feature_layers)
            features, embedding = features.float(), target.embed(ids).float()
            if closed_loop > 0 and torch.rand((), generator=generator).item() < closed_loop:
                features = _sparse_features(target, next(iter(heads.values())), ids, features, rows, generator)
            rate = _learning_rate(step, elapsed / seconds, peak)
            for name, head in heads.items():
                wanted = teacher.wanted(head.config.teacher, head.config.group_of_layer(target.config.layers), head.config.kv_heads)
                with torch.autocast(device, torch.bfloat16, enabled=on_gpu):
                    scores = head.scores(embedding, features, rows)
                value = loss(scores, wanted, middle)
                optimizer = optimizers[name]
                optimizer.zero_grad(set_to_none=True)
                value.backward()
                for group in optimizer.param_groups:
                    group["lr"] = rate
                torch.nn.utils.clip_grad_norm_(head.parameters(), 1.0)
                optimizer.step()
                losses[name].append(value.detach())
                del scores, wanted, value
            step += 1
            if step in (1, 10, 50) or step % 250 == 0:
                means = {name: round(torch.stack(v[-250:]).mean().item(), 4) for name, v in losses.items()}
                line = {"step": step, "seconds": round(clock() - begin, 1), "loss": means}
                out.write(json.dumps(line) + "\n")
                out.flush()
                print(json.dumps(line), flush=True)
    return heads


def _sparse_features(target: Target, head: Head, ids, features, rows, generator):
    """Features in which the windows before some of the rows come from sparse passes at a random budget."""
    count = 128
    tokens = len(ids)
    context = sparse.Context.of(target, target, ids, head.config.feature_layers)
    context.embedding = target.embed(ids)
    context.keys = [k.to(target.dtype) for k in context.keys]
    context.values = [v.to(target.dtype) for v in context.values]
    changed = features.clone()
    budget = int(2 ** (7 + 3 * torch.rand((), generator=generator).item()))
    first = int(torch.randint(1024, tokens - count, (), generator=generator).item())
    chosen = sparse.head_masks(head, target, context, first, count, features[: first + count], budget)
    if chosen.shape[1] == 1:
        chosen = chosen.expand(-1, target.config.kv_heads, -1, -1)
    group_of = head.config.group_of_layer(target.config.layers)
    _, window = sparse.decode(target, context, first, count, lambda layer, *_: chosen[group_of[layer]], head.config.feature_layers)
    changed[first : first + count] = window.float()
    rows[:96] = torch.randint(first + 1, first + count, (96,), generator=generator).to(rows.device)
    return changed
