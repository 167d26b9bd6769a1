"""Regions of photographs follow what is seen, and a region that moves starts as the photograph shows it. Runs in pytest."""
import cv2
import numpy as np
import pytest

import clips
import merging
import raster
import regions
import scenes
import train


def photograph(side=192, seed=0):
    """A rough disk on a ground of another colour -> (picture, mask of the disk)"""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:side, 0:side]
    disk = (x - .4 * side) ** 2 + (y - .55 * side) ** 2 < (.2 * side) ** 2
    picture = np.where(disk[..., None], [180., 70, 60], [70., 110, 130]) + rng.normal(0, 8, (side, side, 1))
    return np.clip(cv2.GaussianBlur(picture, (0, 0), .8), 0, 255).astype(np.uint8), disk


@pytest.fixture(scope="module")
def natural_pool(pool):
    """The pool with pictures of a disk beside the cut-outs; the first region is the disk, the others are empty"""
    made = [(cv2.resize(p, (regions.SIDE, regions.SIDE)), cv2.resize(m.astype(np.uint8), (regions.SIDE, regions.SIDE)))
            for p, m in (photograph(seed=k) for k in range(3))]
    packed = np.zeros((3, merging.MOST, regions.SIDE ** 2 // 8), np.uint8)
    packed[:, 0] = [np.packbits(m.ravel()) for _, m in made]
    np.save(f"{pool}/train_natural.npy", np.stack([p for p, _ in made]))
    np.save(f"{pool}/train_regions.npy", packed)
    return pool


def test_the_clearest_region_is_what_stands_out():
    picture, disk = photograph(regions.SIDE)
    masks, clear = merging.regions_of(picture)
    assert merging.overlap(masks[0], disk) > .9
    assert (np.diff(clear) <= 0).all()


def test_a_picture_without_edges_has_no_regions():
    masks, clear = merging.regions_of(np.full((64, 64, 3), 90, np.uint8))
    assert masks.shape == (0, 64, 64) and len(clear) == 0


def test_a_region_that_touches_the_picture_all_along_is_not_a_thing():
    edge = np.zeros((40, 40), bool)
    edge[:, :10] = True
    middle = np.roll(edge, 15, 1)
    middle[:5] = middle[-5:] = False
    assert merging.on_edge(middle) == 0
    assert merging.on_edge(edge) > merging.MOST_CUT


def test_a_moving_region_starts_as_and_where_the_photograph_shows_it():
    picture, disk = photograph(regions.SIDE)
    cut, centre, half = regions.lifted(picture, disk)
    for seed in range(4):
        scene = scenes.make_view(np.random.default_rng(seed), 3, 1, [scenes.Part(1, centre, half, 1)], hide=0.)
        scene.layers = [layer for layer in scene.layers if layer.object]  # bystanders may stand before it
        names = np.zeros(disk.shape, np.uint8)
        moving = raster.draw(scene, [cut, cut], [regions.without(picture, disk)], 128, names)[1]
        scene.layers = []
        still = raster.draw(scene, [cut, cut], [picture], 128, disk.astype(np.uint8))[1]
        assert merging.overlap(moving[0] == 1, still[0] == 1) > .93


def test_where_a_region_has_gone_its_surroundings_show():
    picture, disk = photograph(regions.SIDE)
    filled = regions.without(picture, disk)
    assert np.abs(filled[disk].mean(0) - picture[~disk].mean(0)).max() < 12
    outside = ~cv2.dilate(disk.astype(np.uint8), np.ones((9, 9))).astype(bool)
    assert (filled[outside] == picture[outside]).all()


def test_clips_of_photographs_repeat_and_name_what_they_show(natural_pool):
    source = clips.NaturalClips(natural_pool, "train", hide=0.)
    drawn = [source.batch(np.random.default_rng(5), 4, 4, 96) for _ in range(2)]
    assert all((a == b).all() for a, b in zip(*drawn))
    pixels, ids = drawn[0]
    for frame, names in zip(pixels[:, 0], ids[:, 0]):
        inside, ground = frame[names == 1].mean(0), frame[names == 0].mean(0)
        assert inside[0] > inside[2] and ground[0] < ground[2]  # the disk is red, its ground blue


def least_seen(source, clips_drawn=12):
    """-> mean over clips: the smallest share of the first frame's object that a later frame shows"""
    rng = np.random.default_rng(3)
    seen = np.stack([(source.clip(rng, 8, 64)[1] == 1).sum((1, 2)) for _ in range(clips_drawn)])
    return (seen[:, 1:].min(1) / seen[:, 0]).mean()


def test_regions_that_rest_are_hidden_too_where_a_recipe_asks_for_it(natural_pool, monkeypatch):
    monkeypatch.setattr(clips, "MOVING", 0.)
    monkeypatch.setattr(scenes.Director, "camera", lambda director: np.repeat(np.eye(3)[None], director.T, 0))
    assert least_seen(clips.NaturalClips(natural_pool, "train", hide=1.)) > .9
    assert least_seen(clips.NaturalClips(natural_pool, "train", covered=True, hide=0.)) > .9
    assert least_seen(clips.NaturalClips(natural_pool, "train", covered=True, hide=1.)) < .4


def test_a_wide_frame_squeezes_what_it_shows(monkeypatch):
    picture, disk = photograph(regions.SIDE)
    def proportions(ratio):
        monkeypatch.setattr(scenes.Director, "format", lambda director: np.array([ratio, 1 / ratio]) ** .5)
        monkeypatch.setattr(scenes.Director, "camera", lambda director: np.eye(3)[None] @ np.diag([*director.sides, 1.]))
        scene = scenes.make_view(np.random.default_rng(1), 1, 1, [], wide=1.)
        scene.layers = []
        ids = raster.draw(scene, [], [picture], 128, disk.astype(np.uint8))[1][0]
        return np.ptp(np.flatnonzero(ids.any(0))) / np.ptp(np.flatnonzero(ids.any(1)))
    assert abs(proportions(16 / 9) / proportions(1) - 9 / 16) < .05
    assert abs(proportions(9 / 16) / proportions(1) - 16 / 9) < .15


def test_formats_reach_from_upright_to_wide_and_no_further():
    drawn = np.array([scenes.Director(np.random.default_rng(seed), 1, 1, 1, 0., (1, 1), 1., scenes.SMALLEST).sides for seed in range(300)])
    ratios = drawn[:, 0] / drawn[:, 1]
    assert .56 < ratios.min() < .6 and 1.7 < ratios.max() < 1.78
    assert np.allclose(drawn.prod(1), 1)


def test_targets_reach_down_to_the_smallest_that_is_asked_for():
    sizes = lambda smallest: [scenes.Director(np.random.default_rng(seed), 1, 9, 9, 0., (1, 1), 0., smallest).target(1).size for seed in range(300)]
    assert .07 <= min(sizes(.07)) < .075 and .03 <= min(sizes(.03)) < .033
    assert .8 < max(sizes(.03)) <= .85


def test_regions_become_cut_outs_of_scenes(natural_pool):
    before = len(clips.SyntheticClips(natural_pool, "train").cuts)
    regions.build_cuts(natural_pool)
    cuts = clips.SyntheticClips(natural_pool, "train", cuts=True).cuts
    assert len(cuts) == before + 3
    middle = regions.CUT // 2
    assert cuts[before][middle, middle, 3] == 255 and cuts[before][middle, middle, 0] > cuts[before][middle, middle, 2]  # the red disk
    assert len(clips.SyntheticClips(natural_pool, "train").cuts) == before  # recipes that don't ask for them repeat as they were


def test_lessons_about_photographs_come_as_often_as_asked_and_resume(natural_pool, tmp_path):
    leg = dict(name="test", steps=4, size=64, frames=3, clips=1, natural=.5, grouping=1., lr=[1e-3, 1e-3])
    asked = [train.Lesson({**train.DEFAULTS, **leg}, 3, step) for step in range(2000)]
    assert .45 < np.mean([lesson.source == "natural" for lesson in asked]) < .55
    from test_training import run
    whole = run(str(tmp_path / "whole"), natural_pool, [leg])
    run(str(tmp_path / "parts"), natural_pool, [leg], steps=2)
    parts = run(str(tmp_path / "parts"), natural_pool, [leg])
    assert all((weight == parts.model.state_dict()[name]).all() for name, weight in whole.model.state_dict().items())
