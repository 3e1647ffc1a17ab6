import pytest
import torch
import torch.nn.functional as F

from contexture_train import evaluate, masks, sparse

FIRST, COUNT = 148, 12


def _token_by_token(head, target, ids, budget):
    """A decoder as a runtime has it: caches that grow by one row per step, one selection per step."""
    c = target.config
    prompt, kv = target.prefill(ids[:FIRST], None, head.config.feature_layers, keep_kv=True)
    caches = [[k, v] for k, v in kv]
    features, embedding, logits = list(prompt), target.embed(ids), []
    group_of = head.config.group_of_layer(c.layers)
    for position in range(FIRST, FIRST + COUNT):
        n = position + 1
        row = torch.tensor([position])
        # The features of the position itself are not known yet; the mask of the middle hides its key.
        known = torch.stack([*features, torch.zeros_like(features[0])])
        weights = head.weights(embedding[:n], known, row, masks.middle(row, n))
        chosen = masks.top(weights, row, budget).expand(-1, c.kv_heads, -1, -1)
        cos, sin = target.tables(row)
        x, own = embedding[position : position + 1], []
        for layer in range(c.layers):
            q, k, v = target.qkv(layer, x, cos, sin)
            caches[layer] = [torch.cat([caches[layer][0], k], 1), torch.cat([caches[layer][1], v], 1)]
            keys, values = (part.repeat_interleave(c.group, 0) for part in caches[layer])
            mask = chosen[group_of[layer]].repeat_interleave(c.group, 0)
            attended = F.scaled_dot_product_attention(q[None], keys[None], values[None], attn_mask=mask[None])[0]
            x = target.after_attention(layer, x, attended)
            if layer in head.config.feature_layers:
                own.append(x)
        features.append(torch.stack(own, 1)[0])
        logits.append(target.logits(x)[0])
    return torch.stack(logits), torch.stack(features[FIRST:])


@pytest.mark.parametrize("changes", [{}, {"kv_heads": 1}, {"key_features": "previous-and-own"}])
@torch.no_grad()
def test_closed_loop_is_decoding_token_by_token(target, ids, make_head, changes):
    head = make_head(**changes)
    context = sparse.Context.of(target, target, ids, head.config.feature_layers)
    for budget in (72, 90):
        logits, features = sparse.closed_loop(head, target, context, FIRST, COUNT, budget, passes=COUNT)
        expected_logits, expected_features = _token_by_token(head, target, ids, budget)
        torch.testing.assert_close(logits, expected_logits, atol=2e-3, rtol=1e-3)
        torch.testing.assert_close(features, expected_features, atol=2e-3, rtol=1e-3)


@torch.no_grad()
def test_a_budget_for_all_positions_is_dense_decoding(target, ids, make_head):
    head = make_head()
    context = sparse.Context.of(target, target, ids, head.config.feature_layers)
    dense, features = sparse.decode(target, context, FIRST, COUNT, None, head.config.feature_layers)
    torch.testing.assert_close(features, context.features[FIRST:], atol=2e-3, rtol=1e-3)
    logits, _ = sparse.closed_loop(head, target, context, FIRST, COUNT, len(ids))
    assert evaluate.divergence(dense, logits).abs().max() < 1e-5


@torch.no_grad()
def test_baselines_keep_to_the_budget(target, ids):
    context = sparse.Context.of(target, target, ids, (0, 2))
    for name, select in evaluate._baselines(target, FIRST, COUNT, 80).items():
        seen = []

        def watched(layer, keys, queries, scores, select=select, seen=seen):
            seen.append(select(layer, keys, queries, scores))
            return seen[-1]

        sparse.decode(target, context, FIRST, COUNT, watched, (0, 2))
        assert len(seen) == target.config.layers, name
        assert all((mask.sum(-1) == 80).all() for mask in seen), name
