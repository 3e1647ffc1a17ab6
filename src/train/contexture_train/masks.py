"""Which positions a row sees, must see, and may choose."""

import torch

SINK, RECENT = 4, 64


def causal(rows: torch.Tensor, tokens: int) -> torch.Tensor:
    """[N, T]: positions up to each row's own."""
    return torch.arange(tokens, device=rows.device)[None] <= rows[:, None]


def middle(rows: torch.Tensor, tokens: int, sink: int = SINK, recent: int = RECENT) -> torch.Tensor:
    """[N, T]: positions between the sinks and the recent window, which are chosen from."""
    positions = torch.arange(tokens, device=rows.device)[None]
    return (positions >= sink) & (positions <= rows[:, None] - recent)


def top(weights: torch.Tensor, rows: torch.Tensor, budget: int) -> torch.Tensor:
    """Sinks, recent window and the best of the middle, budget positions in all. weights [..., N, T] -> bool of that shape."""
    tokens = weights.shape[-1]
    seen = causal(rows, tokens)
    if budget >= tokens:
        return seen.expand(weights.shape).clone()
    kept = seen & ~middle(rows, tokens)
    ranked = weights.masked_fill(kept, float("inf")).masked_fill(~seen, float("-inf"))
    chosen = torch.zeros(weights.shape, dtype=torch.bool, device=weights.device)
    chosen.scatter_(-1, ranked.topk(budget, -1).indices, True)
    return chosen & seen
