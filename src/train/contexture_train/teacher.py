"""What heads are taught: the target's own attention at some rows, without sinks and recent window."""

import math

import torch

from . import masks
from .target import Target


class Teacher:
    """Collects, layer by layer, the largest attention of each KV group's query heads.

    Keeps [layers, KV heads, N, T] in one buffer for all steps: at full length that is most of the memory.
    """

    def __init__(self, target: Target, rows: int, tokens: int):
        c = target.config
        self.target = target
        self.attention = torch.zeros(c.layers, c.kv_heads, rows, tokens, device=target.device)
        self._wanted: dict[tuple, torch.Tensor] = {}

    def run(self, ids: torch.Tensor, rows: torch.Tensor, feature_layers: tuple[int, ...]):
        """Dense pass over ids [T]; afterwards `attention` holds the middle part of rows [N].

        Returns features [T, L, C], the mask of the middle [N, T], and keys and values per layer.
        """
        c, tokens = self.target.config, len(ids)
        seen, middle = masks.causal(rows, tokens), masks.middle(rows, tokens)
        bias = torch.zeros(len(rows), tokens, device=ids.device).masked_fill_(~seen, -1e30)

        def on_layer(layer, q, k, v):
            grouped = q[:, rows].reshape(c.kv_heads, c.group * len(rows), c.head_dim)
            scores = torch.matmul(grouped, k.transpose(1, 2)).view(c.kv_heads, c.group, len(rows), tokens)
            p = torch.softmax(scores.float() * c.head_dim**-0.5 + bias, -1)
            self.attention[layer].copy_(p.amax(1)).mul_(middle).div_(c.layers)

        features, kv = self.target.prefill(ids, on_layer, feature_layers, keep_kv=True)
        self._wanted = {}
        return features, middle, kv

    def wanted(self, kind: str, group_of_layer: list[int], kv_heads: int) -> torch.Tensor:
        """Unnormalised wishes of each layer group: [groups, kv_heads, N, T]. Heads of one form share them."""
        form = (kind, tuple(group_of_layer), kv_heads)
        if form not in self._wanted:
            self._wanted[form] = self._reduce(kind, group_of_layer, kv_heads)
        return self._wanted[form]

    def _reduce(self, kind: str, group_of_layer: list[int], kv_heads: int) -> torch.Tensor:
        groups = group_of_layer[-1] + 1
        parts = []
        for group in range(groups):
            layers = [i for i, g in enumerate(group_of_layer) if g == group]
            own = self.attention[layers[0] : layers[-1] + 1]
            parts.append(own.amax(0) if kind == "maxL" else own.sum(0))
        wanted = torch.stack(parts)
        return wanted.amax(1, keepdim=True) if kv_heads == 1 else wanted


def loss(scores: torch.Tensor, wanted: torch.Tensor, middle: torch.Tensor) -> torch.Tensor:
    """Divergence of the head's mixture of softmaxes from the wishes, rows weighed by their mass.

    scores [groups, kv_heads, query heads, N, T], wanted [groups, kv_heads, N, T], middle [N, T]
    """
    logs = torch.log_softmax(scores.float().masked_fill(~middle, -1e30), -1)
    mixture = torch.logsumexp(logs, 2) - math.log(scores.shape[2])
    mass = wanted.sum(-1)
    share = wanted / mass.clamp_min(1e-12)[..., None]
    entropy = -(wanted * share.clamp_min(1e-12).log()).sum(-1)
    return (-(wanted * mixture.clamp_min(-60)).sum(-1) - entropy).sum() / mass.sum().clamp_min(1e-6)
