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
WINDOW_TOKENS, WINDOW_ROWS = 128, 96


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

    closed_loop: share of steps in which the features of a window, and queries in it, are those of a sparse pass by the
        choice of one of the heads (in turn).
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
            rows = _rows(tokens, generator, row_scale)
            first = None
            if closed_loop > 0 and torch.rand((), generator=generator).item() < closed_loop:
                first = int(torch.randint(tokens // 8, tokens - WINDOW_TOKENS, (), generator=generator))
                inside = int(WINDOW_ROWS * row_scale)
                rows[:inside] = torch.randint(first + 1, first + WINDOW_TOKENS, (inside,), generator=generator)
            rows = rows.to(device)
            features, middle, kv = teacher.run(ids, rows, feature_layers)
            features, embedding = features.float(), target.embed(ids).float()
            if first is not None:
                decoder = list(heads.values())[step % len(heads)]
                budget = int(2 ** (7 + 3 * torch.rand((), generator=generator).item()))
                features = _sparse_features(target, decoder, ids, kv, features, first, min(budget, first))
            del kv
            rate = _learning_rate(step, elapsed / seconds, peak)
            for name, head in heads.items():
                wanted = teacher.wanted(head.config.teacher, head.config.group_of_layer(target.config.layers), head.config.kv_heads)
                with torch.autocast(device, torch.bfloat16, enabled=on_gpu):
                    scores = head.scores(embedding, features, rows)
                value = loss(scores, wanted, middle)
                losses[name].append(value.detach())
                if head.config.next_token_loss > 0:
                    value = value + head.config.next_token_loss * head.next_token_loss(features, ids, rows, target.output)
                optimizer = optimizers[name]
                optimizer.zero_grad(set_to_none=True)
                value.backward()
                for group in optimizer.param_groups:
                    group["lr"] = rate
                torch.nn.utils.clip_grad_norm_(head.parameters(), 1.0)
                optimizer.step()
                del scores, wanted, value
            step += 1
            if step in (1, 10, 50) or step % 250 == 0:
                means = {name: round(torch.stack(v[-250:]).mean().item(), 4) for name, v in losses.items()}
                line = {"step": step, "seconds": round(clock() - begin, 1), "loss": means}
                out.write(json.dumps(line) + "\n")
                out.flush()
                print(json.dumps(line), flush=True)
    return heads


def _sparse_features(target: Target, head: Head, ids, kv, features, first: int, budget: int) -> torch.Tensor:
    """Features [T, L, C] in which those of a window come from a sparse pass."""
    context = sparse.Context(ids, [k for k, _ in kv], [v for _, v in kv], features, target.embed(ids))
    end = first + WINDOW_TOKENS
    _, window = sparse.closed_loop(head, target, context, first, WINDOW_TOKENS, budget, passes=1)
    changed = features.clone()
    changed[first:end] = window.float()
    return changed
