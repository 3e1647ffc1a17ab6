"""Random weights of a readable size for tiny models, and the float32 run that makes their golden file."""

import numpy as np
import torch

STEPS = 24
MARGIN_MIN = 0.02  # below this a float32 engine could rightly choose another token
DISTINCT_MIN = 6


def randomise(model, seed):
    """Norms near one, biases of some weight, projections that keep the scale of the hidden state."""
    generator = torch.Generator().manual_seed(seed)
    for name, weight in model.named_parameters():
        noise = torch.randn(weight.shape, generator=generator)
        if "norm" in name:
            weight.copy_(1 + 0.2 * noise)
        elif name.endswith("bias"):
            weight.copy_(0.5 * noise)
        elif "embed_tokens" in name:
            weight.copy_(0.8 * noise)
        else:
            weight.copy_(1.6 * noise / weight.shape[1] ** 0.5)


def run(model, prompt):
    """Returns (greedy tokens, logits rows of positions 0 … len(prompt) + STEPS - 2, margins of the greedy steps)."""
    rows, tokens, cache = [], [], None
    step = torch.tensor([prompt])
    for _ in range(STEPS):
        out = model(step, past_key_values=cache, use_cache=True)
        cache = out.past_key_values
        rows.extend(out.logits[0].float().numpy().copy())
        tokens.append(int(rows[-1].argmax()))
        step = torch.tensor([[tokens[-1]]])
    decisive = np.sort(np.stack(rows[len(prompt) - 1:]), axis=1)
    return tokens, np.stack(rows), decisive[:, -1] - decisive[:, -2]


def is_decisive(tokens, margins):
    return margins.min() >= MARGIN_MIN and len(set(tokens)) >= DISTINCT_MIN
