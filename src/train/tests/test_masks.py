import torch

from contexture_train import masks


def test_middle_leaves_out_sinks_and_recent_window():
    middle = masks.middle(torch.tensor([100]), 120)[0]
    assert middle.nonzero().flatten().tolist() == list(range(masks.SINK, 100 - masks.RECENT + 1))


def test_top_keeps_sinks_and_recent_window_and_the_best_of_the_rest():
    rows, tokens, budget = torch.tensor([150, 199]), 200, 80
    weights = torch.rand(3, 2, tokens, generator=torch.Generator().manual_seed(1))
    chosen = masks.top(weights, rows, budget)
    assert (chosen.sum(-1) == budget).all()
    must = masks.causal(rows, tokens) & ~masks.middle(rows, tokens)
    assert chosen[:, must].all()
    assert not (chosen & ~masks.causal(rows, tokens)).any()
    free = masks.middle(rows, tokens)
    for head in range(3):
        for row in range(2):
            taken, left = weights[head, row, chosen[head, row] & free[row]], weights[head, row, ~chosen[head, row] & free[row]]
            assert taken.min() >= left.max()


def test_all_is_chosen_while_the_budget_suffices():
    rows = torch.tensor([70, 99])
    chosen = masks.top(torch.rand(1, 2, 100), rows, 100)
    assert torch.equal(chosen[0], masks.causal(rows, 100))
