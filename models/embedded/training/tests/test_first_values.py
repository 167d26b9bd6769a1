"""What a new network can do before its first step, and the lessons it starts with. Runs in pytest."""
import os

import numpy as np
import pytest
import torch

import clips
import network
import train
import unroll
from grouping import CODE, Grouping, sampled_clicks

CONFIG = os.path.join(train.HERE, "..", "masklet-nano.yaml")
TOKEN = 16  # pixels


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return network.build(CONFIG)


@pytest.mark.parametrize("side", [128, 256])
def test_a_click_looks_at_its_own_place_before_the_first_step(model, side):
    network.set_size(model, side)
    grid, attention = side // TOKEN, model.sam_mask_decoder.transformer.layers[0].cross_attn_token_to_image
    clicks = torch.rand(64, 1, 2) * side
    split = lambda x: x.unflatten(-1, (attention.num_heads, -1)).transpose(0, 1)
    with torch.no_grad():
        codes = model.sam_prompt_encoder.get_dense_pe()[0].flatten(1).T
        q = split(attention.q_proj(model.sam_prompt_encoder.pe_layer.forward_with_coords(clicks, (side, side))[:, 0]))
        k = split(attention.k_proj(codes))
        share = (q @ k.mT / q.shape[-1] ** .5).softmax(-1)
    y, x = np.divmod(np.arange(grid * grid), grid)
    centres = torch.from_numpy(np.stack([x, y], 1) * TOKEN + TOKEN / 2).float()
    near = (clicks - centres).norm(dim=-1) < 2.25 * TOKEN
    assert (share * near).sum(-1).mean() > .65  # measured 0.74 and 0.72; spread evenly it is 0.2 and 0.05


def test_the_wide_network_fits_into_twelve_megabytes(model):
    assert 2 * sum(p.numel() for p in model.parameters()) <= 12e6


def test_grouping_costs_nothing_where_the_features_name_the_thing():
    ids = torch.zeros(2, 1, 64, 64, dtype=torch.uint8)
    ids[..., 8:40, 8:40] = 1
    ids[..., 44:60, 16:60] = 5
    lesson = Grouping(CODE)
    with torch.no_grad():
        lesson.scale.fill_(40)
    named = torch.nn.functional.one_hot(ids[:, 0, ::4, ::4].long(), CODE).permute(0, 3, 1, 2).float()
    assert lesson.compared(named, ids) < .01
    assert lesson.compared(named.flip(2), ids) > .3


def test_a_click_looks_for_its_thing_in_the_other_frames_too():
    ids = torch.zeros(1, 2, 64, 64, dtype=torch.uint8)
    ids[:, :, 8:40, 8:40] = 1
    lesson = Grouping(CODE)
    with torch.no_grad():
        lesson.scale.fill_(40)
    named = torch.nn.functional.one_hot(ids[0, :, ::4, ::4].long(), CODE).permute(0, 3, 1, 2).float()
    renamed = named.clone()
    renamed[1] = named[1].roll(1, 0)
    assert lesson.compared(named, ids) < .01
    assert lesson.compared(renamed, ids) > .3


def test_small_things_are_clicked_as_often_as_large_ones():
    torch.manual_seed(0)
    ids = torch.zeros(1, 400)
    ids[0, :4] = 3
    picked = ids.flatten()[sampled_clicks(ids, 2000)[0]]
    assert (picked == 3).float().mean() == pytest.approx(.5, abs=.05)


def test_bystanders_have_numbers_and_are_targets_in_pictures_only(pool):
    _, ids = clips.SyntheticClips(pool, "train").batch(np.random.default_rng(1), 12, 1, 64)
    ids = torch.from_numpy(ids)
    assert ids.max() >= 4
    chosen = lambda masks: {int(i[m].unique()) for i, m in zip(ids[:, 0].repeat_interleave(6, 0), masks[0, :, 0]) if m.any()}
    torch.manual_seed(0)
    assert max(chosen(unroll.pick_objects(ids, 6, anything=True))) >= 4
    chosen_objects = unroll.pick_objects(ids, 3)
    assert all(int(i[m].max()) < 4 for i, m in zip(ids[:, 0].repeat_interleave(3, 0), chosen_objects[0, :, 0]) if m.any())
