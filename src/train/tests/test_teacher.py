import torch

from contexture_train import masks
from contexture_train.teacher import Teacher, loss


def test_attention_is_the_largest_of_each_groups_query_heads(target, ids):
    rows = torch.tensor([80, 120, 159])
    teacher = Teacher(target, len(rows), len(ids))
    _, middle, _ = teacher.run(ids, rows, (0, 2))
    c = target.config
    expected = []

    def on_layer(layer, q, k, v):
        scores = torch.einsum("hnd,htd->hnt", q[:, rows], k.repeat_interleave(c.group, 0)) * c.head_dim**-0.5
        p = torch.softmax(scores.masked_fill(~masks.causal(rows, len(ids)), -1e30), -1)
        expected.append(p.view(c.kv_heads, c.group, len(rows), -1).amax(1) * middle / c.layers)

    target.prefill(ids, on_layer)
    torch.testing.assert_close(teacher.attention, torch.stack(expected))
    summed = teacher.wanted("max", [0, 0, 1, 1], c.kv_heads)
    torch.testing.assert_close(summed[1], expected[2] + expected[3])
    largest = teacher.wanted("maxL", [0, 0, 1, 1], 1)
    torch.testing.assert_close(largest[0, 0], torch.maximum(expected[0], expected[1]).amax(0))


def test_loss_is_zero_for_a_perfect_head_and_positive_for_others():
    rows, tokens = torch.tensor([100, 150]), 160
    middle = masks.middle(rows, tokens)
    generator = torch.Generator().manual_seed(4)
    wanted = torch.rand(2, 2, 2, tokens, generator=generator) * middle
    perfect = wanted.clamp_min(1e-30).log()[:, :, None].expand(-1, -1, 3, -1, -1) + 5.0
    assert abs(loss(perfect, wanted, middle).item()) < 1e-4
    assert loss(perfect + torch.randn(perfect.shape, generator=generator), wanted, middle).item() > 0.05
