"""The head that chooses among a click's masks is fitted, and nothing else changes. Runs in pytest, seconds."""
import copy
import os

import torch

import choice
import clips
from network import build

CONFIG = os.path.join(choice.HERE, "..", "masklet-nano.yaml")


def guesser(seed=0):
    torch.manual_seed(seed)
    return torch.nn.Sequential(torch.nn.Linear(8, 32), torch.nn.ReLU(), torch.nn.Linear(32, 4), torch.nn.Sigmoid())


def taught(rule, count):
    """-> tokens [n, 8], real [n, 3] of which the token says by `rule` [8, 3] how large they are"""
    tokens = torch.randn(count, 8)
    return tokens, (tokens @ rule).sigmoid()


def test_the_head_learns_the_order_and_keeps_what_it_guesses_elsewhere():
    head = guesser()
    old, rule = copy.deepcopy(head), torch.randn(8, 3)
    followed = torch.randn(400, 8) + 6  # far from the clicks
    choice.fit(head, *taught(rule, 4000), followed)
    tokens, real = taught(rule, 500)
    most = real.max(1).values.mean().item()
    before = choice.chosen(old, tokens, real)
    assert before < most - .2
    assert choice.chosen(head, tokens, real) > (before + most) / 2
    with torch.no_grad():
        moved = (head(tokens) - old(tokens)).abs().mean(0)
        kept = (head(followed) - old(followed)).abs().mean()
    assert moved[0] < moved[1:].mean() / 3 and kept < moved[1:].mean() / 3


def test_the_same_clicks_and_seed_give_the_same_head():
    clicks = taught(torch.randn(8, 3), 200)
    heads = [guesser(), guesser()]
    for head in heads:
        choice.fit(head, *clicks, torch.randn(50, 8, generator=torch.Generator().manual_seed(1)))
    for first, second in zip(heads[0].parameters(), heads[1].parameters()):
        assert torch.equal(first, second)


def test_clicks_give_what_the_head_read_and_what_was_true(pool):
    torch.manual_seed(5)
    model = build(CONFIG).eval().requires_grad_(False)
    choice.set_size(model, 64)
    tokens, real, followed = choice.look(model, clips.SyntheticClips(pool, "train"), 3, 64, 5, choice.Clicks()).joined()
    assert len(tokens) == len(real) and 3 <= len(tokens) <= 3 * choice.OBJECTS
    assert len(followed) == choice.OBJECTS  # one of the three clips goes on
    assert tokens.shape[1] == followed.shape[1] == model.hidden_dim
    assert real.shape[1] == 3 and ((real >= 0) & (real <= 1)).all()
    head = model.sam_mask_decoder.iou_prediction_head
    assert head._forward_pre_hooks == {} and choice.chosen(head, tokens, real) <= real.max(1).values.mean().item() + 1e-6
