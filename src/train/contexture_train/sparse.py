"""Sparse decoding of a window of positions, all at once: what the runtime does token by token."""

from dataclasses import dataclass

import torch

from . import masks
from .head import Head
from .target import Target


@dataclass
class Context:
    """One dense pass over a sequence, from which windows are decoded."""

    ids: torch.Tensor
    keys: list[torch.Tensor]
    values: list[torch.Tensor]
    features: torch.Tensor
    embedding: torch.Tensor

    @staticmethod
    @torch.no_grad()
    def of(target: Target, precise: Target, ids: torch.Tensor, feature_layers: tuple[int, ...]) -> "Context":
        features, kv = target.prefill(ids, None, feature_layers, keep_kv=True)
        return Context(ids, [k.float() for k, _ in kv], [v.float() for _, v in kv], features.float(), precise.embed(ids))


@torch.no_grad()
def decode(target: Target, context: Context, first: int, count: int, select, feature_layers: tuple[int, ...]):
    """Positions [first, first + count), teacher-forced; keys and values of these come from this very pass.

    select(layer, keys [K, n, D], queries [H, count, D], scores [K, G, count, n]) gives a mask [K, count, n] or None.
    Returns logits [count, vocabulary] and features [count, L, C].
    """
    c, n = target.config, first + count
    positions = torch.arange(first, n, device=context.ids.device)
    cos, sin = target.tables(positions)
    bias = torch.zeros(count, n, device=positions.device).masked_fill_(~masks.causal(positions, n), -1e30)
    x, features = context.embedding[first:n], []
    for layer in range(c.layers):
        q, k, v = target.qkv(layer, x, cos, sin)
        keys = torch.cat([context.keys[layer][:, :first], k], 1)
        values = torch.cat([context.values[layer][:, :first], v], 1)
        grouped = q.reshape(c.kv_heads, c.group * count, c.head_dim)
        scores = torch.matmul(grouped, keys.transpose(1, 2)).view(c.kv_heads, c.group, count, n) * c.head_dim**-0.5 + bias
        mask = select(layer, keys, q, scores) if select else None
        if mask is not None:
            scores = scores.masked_fill(~mask[:, None], -1e30)
        attended = torch.matmul(torch.softmax(scores, -1).to(values.dtype).view(c.kv_heads, c.group * count, n), values)
        x = target.after_attention(layer, x, attended.view(c.heads, count, c.head_dim))
        if layer in feature_layers:
            features.append(x)
    return target.logits(x), torch.stack(features, 1)


@torch.no_grad()
def head_masks(head: Head, target: Target, context: Context, first: int, count: int, features: torch.Tensor, budget: int):
    """The head's selections for a window, [groups, kv_heads, count, n]; features [n, L, C]."""
    n = first + count
    rows = torch.arange(first, n, device=features.device)
    weights = head.weights(context.embedding[:n], features, rows, masks.middle(rows, n))
    return masks.top(weights, rows, budget)


@torch.no_grad()
def closed_loop(head: Head, target: Target, context: Context, first: int, count: int, budget: int, passes: int = 3):
    """Decodes a window by the head's selections, fed with the features of the sparse passes themselves.

    A position's selection depends on the features before it, so each pass makes at least one more position exact, and
    `count` passes all of them; with windows of 64 more than three change little. Returns logits and features of the last
    pass.
    """
    layers = target.config.layers
    group_of = head.config.group_of_layer(layers)
    features = context.features[: first + count].clone()
    logits = None
    for _ in range(passes):
        chosen = head_masks(head, target, context, first, count, features, budget)
        if chosen.shape[1] == 1:
            chosen = chosen.expand(-1, target.config.kv_heads, -1, -1)
        logits, sparse = decode(
            target, context, first, count, lambda layer, *_: chosen[group_of[layer]], head.config.feature_layers
        )
        features[first:] = sparse
    return logits, features[first:]
