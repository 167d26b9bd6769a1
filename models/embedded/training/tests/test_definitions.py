"""Small answers that can be checked by hand: metrics, run lengths, first prompts. Runs in pytest."""
import numpy as np
import pytest
import torch

import evaluate
import folders
import losses
import metrics
from unroll import LONGEST_PAUSE, choose_pause, pick_objects


def square(x, side=4, frame=12):
    mask = np.zeros((frame, frame), bool)
    mask[4:4 + side, x:x + side] = True
    return mask


def test_region_similarity_is_intersection_over_union():
    assert metrics.region_similarity(square(4), square(4)) == 1
    assert metrics.region_similarity(square(4), square(6)) == pytest.approx(8 / 24)
    assert metrics.region_similarity(square(4, 0), square(4, 0)) == 1


def test_boundary_accuracy_tolerates_one_pixel_on_a_small_picture():
    assert metrics.boundary_accuracy(square(4), square(5)) == 1
    assert metrics.boundary_accuracy(square(1), square(7)) == 0
    assert metrics.boundary_accuracy(square(4, 0), square(4)) == 0
    assert metrics.boundary_accuracy(square(4, 0), square(4, 0)) == 1


def test_the_tolerance_is_a_disk():
    assert metrics.disk(1).tolist() == [[0, 1, 0], [1, 1, 1], [0, 1, 0]]


def test_the_prompted_and_the_last_frame_are_not_scored():
    truth = {t: square(4) for t in range(5)}
    assert metrics.sequence_scores(truth, truth, 1, 4)["frames"] == 2


def test_compressed_run_lengths_decode_column_by_column():
    # pycocotools.mask.encode of a 3 x 3 mask with the middle column set: counts 3, 3, 3
    assert folders.decode_run_length(dict(size=[3, 3], counts="333")).tolist() == [[False, True, False]] * 3


def test_run_lengths_of_the_wrong_size_are_refused():
    with pytest.raises(ValueError, match="got 4 pixels, expected 3 x 3"):
        folders.decode_run_length(dict(size=[3, 3], counts=[4]))


def test_the_regret_is_what_the_choice_loses_and_asks_for_the_right_order():
    real = torch.tensor([[.9, .5, .1]])
    sure = lambda *guesses: losses.regret(torch.tensor([guesses]), real).item()
    assert sure(1., 0., 0.) == pytest.approx(0., abs=1e-6)
    assert sure(0., 1., 0.) == pytest.approx(.4, abs=1e-6)
    guesses = torch.tensor([[.6, .6, .6]], requires_grad=True)
    loss = losses.regret(guesses, real)
    assert loss.item() == pytest.approx(.4)
    loss.sum().backward()
    best, middle, worst = (-guesses.grad[0]).tolist()
    assert best > 0 > worst and middle == pytest.approx(0., abs=1e-6)


def test_the_inner_point_is_the_pixel_farthest_from_the_outline():
    assert evaluate.inner_point(square(3, 5)) == (5, 6)


def test_a_clip_with_one_object_repeats_it():
    ids = torch.zeros(1, 2, 16, 16, dtype=torch.uint8)
    ids[..., 4:10, 4:10] = 2
    masks = pick_objects(ids, 2)
    assert masks.shape == (2, 2, 1, 16, 16)
    assert torch.equal(masks[:, 0], masks[:, 1]) and masks.any()


def test_a_clip_stands_still_in_its_middle_most_often_where_a_target_is_away():
    masks = torch.ones(5, 3, 1, 8, 8, dtype=torch.bool)
    masks[2] = False
    frames, copies = zip(*[choose_pause(masks, 1.) for _ in range(200)])
    assert set(frames) <= {1, 2, 3}
    assert frames.count(2) > 160  # 16 of 18 are expected
    assert min(copies) >= 3 and max(copies) <= LONGEST_PAUSE
    assert choose_pause(masks, 0.) == choose_pause(masks[:2], 1.) == (0, 0)


def test_official_masks_are_written_as_a_data_set_that_begins_with_the_given_mask(tmp_path):
    frame = tmp_path / "frame.jpg"
    evaluate.Image.fromarray(np.zeros((12, 12, 3), np.uint8)).save(frame)
    task = evaluate.Task("clip/1", [frame, frame], {0: square(4)}, 0)
    evaluate.write_as_truth(task, {0: square(5), 1: square(6)}, str(tmp_path / "set"))
    (clip,) = folders.open_folder(str(tmp_path / "set"))
    assert (clip.labels(0) > 0).tolist() == square(4).tolist()
    assert (clip.labels(1) > 0).tolist() == square(6).tolist()
