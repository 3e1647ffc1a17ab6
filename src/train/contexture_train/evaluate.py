"""How much a selection damages the next-token distribution: KL to dense decoding, closed loop, beside baselines."""

import json
import math
from pathlib import Path

import numpy as np
import torch

from . import masks, sparse
from .head import Head
from .target import Target, rotate

WINDOW_TOKENS = 64
CONTEXTS = (2048, 4096, 8192)
BUDGETS = (128, 256, 512, 1024)
PAGE_TOKENS = 16


def divergence(dense: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """KL(dense || other) per row of logits."""
    a, b = torch.log_softmax(dense, -1), torch.log_softmax(other, -1)
    return (a.exp() * (a - b)).sum(-1)


def quest(target: Target, first: int, count: int, budget: int, previous: bool):
    """Quest (arXiv 2406.10774), per layer: pages of 16 by the bound from smallest and largest keys. With `previous` the query is
    that of the position before, turned on by one position: what a runtime that selects before the forward pass can have."""
    c = target.config

    def select(_, keys, queries, scores):
        n = keys.shape[1]
        rows = torch.arange(first, n, device=keys.device)
        pad = -n % PAGE_TOKENS
        low = torch.nn.functional.pad(keys, (0, 0, 0, pad), value=1e4).view(c.kv_heads, -1, PAGE_TOKENS, c.head_dim).amin(2)
        high = torch.nn.functional.pad(keys, (0, 0, 0, pad), value=-1e4).view(c.kv_heads, -1, PAGE_TOKENS, c.head_dim).amax(2)
        if previous:
            cos, sin = target.tables(torch.ones(1, device=keys.device))
            queries = rotate(torch.cat([queries[:, :1], queries[:, :-1]], 1), cos, sin)
        q = queries.view(c.kv_heads, c.group, count, c.head_dim)
        bound = torch.einsum("kgnd,kpd->kgnp", q.clamp_min(0), high) + torch.einsum("kgnd,kpd->kgnp", q.clamp_max(0), low)
        begin = torch.arange(bound.shape[-1], device=keys.device) * PAGE_TOKENS
        bound = (bound * c.head_dim**-0.5).masked_fill(begin[None] > rows[:, None], -1e30)
        weights = torch.softmax(bound, -1).amax(1).repeat_interleave(PAGE_TOKENS, -1)[..., :n]
        return masks.top(weights, rows, budget)

    return select


def recent_only(target: Target, first: int, count: int, budget: int):
    n = first + count
    rows = torch.arange(first, n, device=target.device)
    weights = torch.arange(n, device=target.device).float().expand(target.config.kv_heads, count, n)
    chosen = masks.top(weights, rows, budget)
    return lambda *_: chosen


def oracle(target: Target, first: int, count: int, budget: int):
    """Each layer's own attention, known beforehand: no selector of this form can do much better."""

    def select(_, keys, __, scores):
        rows = torch.arange(first, first + count, device=keys.device)
        weights = torch.softmax(scores, -1).amax(1) * masks.middle(rows, keys.shape[1])
        return masks.top(weights, rows, budget)

    return select


def _summary(values: list[float], window: int) -> dict:
    data = np.array(values)
    windows = data.reshape(-1, window - 1).mean(1)
    return {
        "kl": round(float(data.mean()), 5),
        "standard_error": round(float(windows.std(ddof=1) / math.sqrt(len(windows))), 5) if len(windows) > 1 else None,
        "p99": round(float(np.quantile(data, 0.99)), 4),
        "windows": len(windows),
    }


def _baselines(target: Target, first: int, window: int, budget: int) -> dict:
    return {
        "quest": quest(target, first, window, budget, False),
        "quest, previous query": quest(target, first, window, budget, True),
        "sink + recent": recent_only(target, first, window, budget),
        "oracle per layer": oracle(target, first, window, budget),
    }


@torch.no_grad()
def evaluate(
    target: Target,
    heads: dict[str, Head],
    kinds: dict[str, np.ndarray],
    out: Path,
    *,
    contexts=CONTEXTS,
    budgets=BUDGETS,
    baselines: bool = True,
    sequences: int = 8,
    window: int = WINDOW_TOKENS,
    passes: int = 3,
) -> dict:
    """Decodes a window of positions at the end of each context length. Writes the table to `out` and returns it.

    The first position of a window is left out: its selection alone does not depend on sparse passes.
    """
    precise = target.cast(torch.float32)
    feature_layers = next(iter(heads.values())).config.feature_layers
    if any(head.config.feature_layers != feature_layers for head in heads.values()):
        raise ValueError("heads that are evaluated together must read the same feature layers")
    found: dict[tuple, list[float]] = {}
    for kind, rows in kinds.items():
        for row in rows[:sequences]:
            ids = torch.from_numpy(row.astype(np.int64)).to(target.device)
            context = sparse.Context.of(target, precise, ids, feature_layers)
            for length in contexts:
                if length > len(ids):
                    continue
                first = length - window
                dense, _ = sparse.decode(precise, context, first, window, None, feature_layers)
                for budget in budgets:
                    if budget >= first:
                        continue
                    tried = {name: sparse.closed_loop(head, precise, context, first, window, budget, passes)[0] for name, head in heads.items()}
                    for name, select in _baselines(target, first, window, budget).items() if baselines else ():
                        tried[name] = sparse.decode(precise, context, first, window, select, feature_layers)[0]
                    for name, logits in tried.items():
                        values = divergence(dense[1:], logits[1:]).tolist()
                        found.setdefault((name, length, budget, kind), []).extend(values)
                        found.setdefault((name, length, budget, "all"), []).extend(values)
    table = [
        {"selector": name, "context": length, "budget": budget, "kind": kind, **_summary(values, window)}
        for (name, length, budget, kind), values in found.items()
    ]
    out.write_text(json.dumps(table, indent=1))
    return {(r["selector"], r["context"], r["budget"], r["kind"]): r for r in table}


def print_table(table: dict, kind: str = "all") -> None:
    names = sorted({k[0] for k in table})
    for length in sorted({k[1] for k in table}):
        budgets = sorted({k[2] for k in table if k[1] == length})
        print(f"context {length}: mean KL (standard error) at {budgets}")
        for name in names:
            cells = [table.get((name, length, b, kind)) for b in budgets]
            print(f"  {name:28s}", "  ".join("-" if c is None else f"{c['kl']:.4f} ({c['standard_error'] or 0:.4f})" for c in cells))
