"""The run can be repeated and resumed, and takes a studio's own clips. Runs in pytest, about a minute on one core."""
import json
import os

import cv2
import numpy as np
import pytest
import torch

import train

CONFIG = os.path.join(train.HERE, "..", "masklet-nano.yaml")
WEIGHTS = os.path.join(train.HERE, "..", "masklet-nano.pt")
LEG = dict(name="test", steps=10, size=64, frames=3, clips=2, single=.3, in_picture=4, grouping=1., lr=[1e-3, 5e-4], ramp=3)
RECORDED_LOSS = 5.086  # mean of steps 8 to 10, on an AVX2 server core


def run(folder, pool, legs=(LEG,), **options):
    """Trains in this process with one thread -> the Trainer"""
    os.makedirs(folder, exist_ok=True)
    recipe = os.path.join(folder, "recipe.json")
    with open(recipe, "w") as file:
        json.dump(dict(seed=3, muon=True, legs=list(legs)), file)
    args = ["--recipe", recipe, "--out", str(folder), "--pool", pool, "--processes", "1", "--validate", "0", "--journal-seconds", "0"]
    for name, value in options.items():
        args += [f"--{name}", str(value)]
    return train.train(0, train.parse(args))


def losses(folder):
    with open(os.path.join(folder, "log.txt")) as file:
        return [float(line.split(" loss ")[1].split()[0]) for line in file if " loss " in line]


def test_ten_steps_from_a_seed_find_the_recorded_loss(tmp_path, pool):
    run(str(tmp_path), pool)
    found = losses(tmp_path)
    assert len(found) == 10
    assert np.mean(found[-3:]) == pytest.approx(RECORDED_LOSS, rel=.02)  # other CPUs round differently


LONG = dict(LEG, single=.2, long=.6, longest=7, sizes=[64, 96])


@pytest.mark.parametrize("leg", [LEG, LONG], ids=["short clips", "long clips of several sizes"])
def test_a_stopped_and_resumed_run_equals_an_unstopped_one(tmp_path, pool, leg):
    whole = run(str(tmp_path / "whole"), pool, [leg])
    run(str(tmp_path / "parts"), pool, [leg], steps=4)
    parts = run(str(tmp_path / "parts"), pool, [leg])
    assert parts.state["step"] == whole.state["step"] == 10
    for name, weight in whole.model.state_dict().items():
        assert torch.equal(weight, parts.model.state_dict()[name]), name


def test_all_processes_get_the_same_kind_of_lesson_and_all_kinds_come(tmp_path):
    leg = {**train.DEFAULTS, **LONG}
    lessons = [train.Lesson(leg, 3, step) for step in range(60)]
    assert {lesson.kind for lesson in lessons} == {"pic", "clip", "long"}
    assert {lesson.side for lesson in lessons} == {64, 96}
    for lesson in lessons:
        assert lesson.frames == {"pic": 1, "clip": 3, "long": 3 + lesson.burn}[lesson.kind]
        assert lesson.frames <= 7


def test_real_clips_come_as_often_as_asked_where_there_are_any():
    leg = {**train.DEFAULTS, **LONG, "natural": .5, "extra_share": .25}
    share = lambda source, extra: np.mean([train.Lesson(leg, 3, step, extra).source == source for step in range(1000)])
    assert abs(share("real", True) - .25) < .04 and abs(share("natural", True) - .375) < .05
    assert share("real", False) == 0 and abs(share("natural", False) - .5) < .05


def test_frames_that_are_only_followed_are_neither_judged_nor_taught():
    torch.manual_seed(0)
    model = train.build(CONFIG).eval().requires_grad_(False)
    train.set_size(model, 64)
    masks = torch.zeros(6, 1, 1, 64, 64, dtype=torch.bool)
    masks[..., 16:48, 16:48] = True
    frames = torch.rand(1, 6, 3, 64, 64).requires_grad_()
    unroll, judged = train.Unroll(model), []
    losses = []
    predicted = unroll(unroll.features(frames), masks, 1, "inner", burn=3,
                       on_frame=lambda t, raw, weight: (judged.append(t), losses.append(raw[0].square().mean())))
    assert judged == [0, 4, 5] and len(predicted) == 6
    sum(losses).backward()
    taught = [bool(gradient.abs().sum() > 0) for gradient in frames.grad[0]]
    assert taught == [True, False, False, False, True, True]


def test_weights_to_start_from_are_averaged(tmp_path):
    for name, value in (("a", 1.), ("b", 4.)):
        torch.save({"model": {"x": torch.full((3,), value).half()}}, tmp_path / name)
    mean = train.mean_weights([tmp_path / "a", tmp_path / "b"])
    assert mean["x"].dtype == torch.float32 and mean["x"].tolist() == [2.5] * 3


def test_the_score_of_a_mean_can_be_moved(tmp_path):
    import average
    for name, value in (("a", 1.), ("b", 2.)):
        torch.save({"model": {"x": torch.full((3,), value).half(), average.SCORE: torch.full((1,), value).half()}}, tmp_path / name)
    moved = average.mean_for_use([tmp_path / "a", tmp_path / "b"], score=-1.)
    assert moved["x"].tolist() == [1.5] * 3 and moved[average.SCORE].tolist() == [.5]
    assert all(value.dtype == torch.float16 for value in moved.values())
    assert average.SCORE in torch.load(WEIGHTS, weights_only=True)["model"]


def write_davis(root):
    """A bright square that moves right, in DAVIS layout"""
    for kind in ("JPEGImages", "Annotations"):
        os.makedirs(root / kind / "square")
    for t in range(6):
        mask = np.zeros((90, 120), np.uint8)
        mask[30:60, 10 + 8 * t:40 + 8 * t] = 7
        cv2.imwrite(str(root / "JPEGImages" / "square" / f"{t:05d}.jpg"), 60 + 20 * mask)
        cv2.imwrite(str(root / "Annotations" / "square" / f"{t:05d}.png"), mask)


def run_length(mask):
    """bool [h, w] -> COCO run length with a plain list, as a third party may write it"""
    flat = mask.T.flatten().astype(int)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flat]))).tolist() + [len(flat)]
    return dict(size=list(mask.shape), counts=np.diff([0] + edges).tolist())


def write_sav(root):
    """The same square in SA-V layout: one picture in four is annotated"""
    os.makedirs(root / "clip")
    masklet = []
    for t in range(12):
        mask = np.zeros((90, 120), bool)
        mask[30:60, 10 + 4 * t:40 + 4 * t] = True
        cv2.imwrite(str(root / "clip" / f"{t:05d}.jpg"), 60 + 120 * mask.astype(np.uint8))
        if t % 4 == 0:
            masklet.append([run_length(mask)])
    (root / "clip_manual.json").write_text(json.dumps(dict(masklet=masklet)))


@pytest.mark.parametrize("write", [write_davis, write_sav])
def test_a_folder_of_own_clips_is_learnt_from(tmp_path, pool, write):
    (tmp_path / "own").mkdir()
    write(tmp_path / "own")
    leg = dict(LEG, steps=25, extra_share=1., lr=[3e-4, 3e-4], ramp=1, prompts=dict(mask=1.), single=0., bce=[0, 0])
    run(str(tmp_path / "out"), pool, legs=[leg], init=WEIGHTS, extra=tmp_path / "own")
    found = losses(tmp_path / "out")
    assert np.mean(found[-5:]) < np.mean(found[:5])


def test_extra_clips_keep_pixels_and_objects_together(tmp_path):
    import clips
    write_davis(tmp_path)
    pixels, ids = clips.ExtraClips([str(tmp_path)]).batch(np.random.default_rng(0), 3, 4, 96)
    assert pixels.shape == (3, 4, 96, 96, 3) and ids.shape == (3, 4, 96, 96)
    assert set(np.unique(ids)) == {0, 1}
    assert pixels[ids == 1].mean() > 2 * pixels[ids == 0].mean()


def test_what_passes_before_a_real_object_hides_it_in_picture_and_mask(tmp_path):
    import clips
    write_davis(tmp_path)
    blue = np.zeros((1, 32, 32, 4), np.uint8)
    blue[..., 2:] = 255
    source = clips.ExtraClips([str(tmp_path)], blue)
    source.look["hide"] = 1.
    pixels, ids = source.batch(np.random.default_rng(0), 12, 8, 96)
    assert (ids[:, 0] == 1).any((1, 2)).all()
    assert not (ids == 1).any((2, 3)).all()
    covered = ids == 4
    red, green, blue = pixels[covered].mean(0)
    assert blue > 3 * max(red, green)
    source.look["hide"] = 0.
    assert set(np.unique(source.batch(np.random.default_rng(0), 4, 8, 96)[1])) == {0, 1}


def test_the_committed_weights_load_strictly_into_the_official_predictor():
    import evaluate
    predictor = evaluate.build_predictor(CONFIG, WEIGHTS)
    assert predictor.image_size == 384
    assert os.path.getsize(WEIGHTS) <= 12e6
