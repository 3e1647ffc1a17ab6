"""The retrieval head: which keys will the target's layer groups want?

Idea: the query of a position is made of its token's (frozen) embedding and of features of the position before it, all
known before the target runs; the key of a position is made of its own embedding and features and exists only once the
target has run, which the recent window covers. Source: SpeContext, arXiv 2512.00722, with inputs of our own.
"""

import math
from dataclasses import asdict, dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F

from .target import TargetConfig, rope_tables, rotate


@dataclass(frozen=True)
class HeadConfig:
    """What distinguishes one head from another.

    groups: layer groups, each with a selection of its own.
    kv_heads: selections per group; the target's KV heads, or 1 for one set that serves all of them.
    query_heads: per group; several may share a key head.
    teacher: "max" sums the layers of a group, "maxL" takes their maximum too; both take it over query heads.
    key_features: "own", or "previous-and-own" for keys that also see the features of the position before.
    next_token_loss: weight of a second loss in training: the fused features, read by the target's own output layer,
        shall predict the token that follows. The parts of the head are the same with and without it.
    """

    name: str
    groups: int
    kv_heads: int
    query_heads: int
    teacher: str = "maxL"
    key_features: str = "own"
    feature_layers: tuple[int, ...] = (3, 15, 26)
    head_dim: int = 64
    rope_base: float = 100000.0
    next_token_loss: float = 0.0

    def __post_init__(self):
        if self.query_heads % self.kv_heads:
            raise ValueError(f"{self.name}: query_heads ({self.query_heads}) must be a multiple of kv_heads ({self.kv_heads})")
        if self.teacher not in ("max", "maxL"):
            raise ValueError(f"{self.name}: teacher must be max or maxL but is {self.teacher}")
        if self.key_features not in ("own", "previous-and-own"):
            raise ValueError(f"{self.name}: key_features must be own or previous-and-own but is {self.key_features}")

    def group_of_layer(self, layers: int) -> list[int]:
        return [layer * self.groups // layers for layer in range(layers)]

    def as_dict(self) -> dict:
        return asdict(self)


class Norm(nn.Module):
    def __init__(self, width: int, epsilon: float):
        super().__init__()
        self.weight, self.epsilon = nn.Parameter(torch.ones(width)), epsilon

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.rms_norm(x.float(), (x.shape[-1],), self.weight, self.epsilon)


def shifted(x: torch.Tensor) -> torch.Tensor:
    """Row i becomes row i - 1; the first is zero."""
    return torch.cat([torch.zeros_like(x[:1]), x[:-1]])


class Head(nn.Module):
    def __init__(self, config: HeadConfig, target: TargetConfig):
        super().__init__()
        self.config = config
        hidden = target.hidden
        features = len(config.feature_layers)
        self.embedding_norm = Norm(hidden, target.norm_epsilon)
        self.feature_norm = nn.ModuleList([Norm(hidden, target.norm_epsilon) for _ in range(features)])
        self.fuse = nn.Linear(features * hidden, hidden, bias=False)
        self.fused_norm = Norm(hidden, target.norm_epsilon)
        key_inputs = (2 if config.key_features == "own" else 3) * hidden
        self.query = nn.Linear(2 * hidden, config.groups * config.query_heads * config.head_dim, bias=False)
        self.key = nn.Linear(key_inputs, config.groups * config.kv_heads * config.head_dim, bias=False)

    def fused(self, features: torch.Tensor) -> torch.Tensor:
        """features [T, L, C] -> [T, C]."""
        return self.fused_norm(self.fuse(torch.cat([n(features[:, i]) for i, n in enumerate(self.feature_norm)], -1)))

    def scores(self, embedding: torch.Tensor, features: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        """Raw scores of all keys for the queries at some rows.

        embedding [T, C], features [T, L, C], rows [N] -> [groups, kv_heads, query heads per key head, N, T]
        """
        c, tokens = self.config, embedding.shape[0]
        e, f = self.embedding_norm(embedding), self.fused(features)
        before = shifted(f)
        q = self.query(torch.cat([e, before], -1)[rows])
        k = self.key(torch.cat([e, f] if c.key_features == "own" else [e, f, before], -1))
        cos, sin = rope_tables(torch.arange(tokens, device=embedding.device), c.head_dim, c.rope_base)
        q = rotate(q.view(len(rows), -1, c.head_dim).transpose(0, 1), cos[rows], sin[rows])
        k = rotate(k.view(tokens, -1, c.head_dim).transpose(0, 1), cos, sin)
        q = q.reshape(c.groups * c.kv_heads, -1, c.head_dim)
        s = torch.matmul(q, k.transpose(1, 2)) / math.sqrt(c.head_dim)
        return s.view(c.groups, c.kv_heads, c.query_heads // c.kv_heads, len(rows), tokens)

    def next_token_loss(self, features: torch.Tensor, ids: torch.Tensor, rows: torch.Tensor, output: torch.Tensor) -> torch.Tensor:
        """Cross-entropy of the tokens behind some rows; output [vocabulary, C] is the target's output layer."""
        rows = rows.clamp(max=len(ids) - 2)
        logits = F.linear(self.fused(features[rows]).to(output.dtype), output)
        return F.cross_entropy(logits.float(), ids[rows + 1])

    def weights(self, embedding: torch.Tensor, features: torch.Tensor, rows: torch.Tensor, middle: torch.Tensor) -> torch.Tensor:
        """What positions are chosen by: softmax over the middle, then maximum over query heads. [groups, kv_heads, N, T]"""
        s = self.scores(embedding, features, rows).float()
        return torch.softmax(s.masked_fill(~middle, -1e30), -1).amax(2) * middle
