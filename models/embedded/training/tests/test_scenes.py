"""What is drawn where little of a thing shows. Runs in pytest."""
from collections import Counter

import numpy as np

import clips
import scenes

FRAMES = 12


def shoals(count=60, **look):
    for seed in range(count):
        yield scenes.make_scene(np.random.default_rng(seed), FRAMES, 1000, 9, alike=1., **look)


def centre(layer, t=0):
    return layer.matrix[t, :2, 2] / layer.matrix[t, 2, 2]


def test_a_small_target_has_its_likes_beside_it():
    objects = set()
    for scene in shoals(hide=0.):
        texture, count = Counter(layer.texture for layer in scene.layers).most_common(1)[0]
        kind = [layer for layer in scene.layers if layer.texture == texture]
        assert count in (2, 3) and any(layer.object == 1 for layer in kind)
        first = next(layer for layer in kind if layer.object == 1)
        width = 2 * np.abs(np.linalg.det(first.matrix[0, :2, :2])) ** .5
        assert width < 2 * scenes.LARGEST_ALIKE * 1.7
        for like in kind:
            assert np.linalg.norm(centre(like) - centre(first)) < scenes.BESIDE[1] * scenes.LARGEST_ALIKE + .1
        objects |= {layer.object for layer in kind if layer is not first}
    assert objects == {0, 2, 3}  # likes are bystanders or targets themselves


def test_a_target_that_comes_in_is_at_the_edge_first_and_nearer_the_middle_later(monkeypatch):
    monkeypatch.setattr(scenes, "COME_IN", 1.)
    for scene in shoals(hide=0., pace=(1, 1)):
        first = next(layer for layer in scene.layers if layer.object == 1)
        start = np.abs(centre(first)).max()
        assert .8 < start < 1.25
    monkeypatch.setattr(scenes.Director, "motion", lambda director, size, position: np.repeat(
        scenes.placement(*(np.array([v]) for v in (*position, 0., size, size))), director.T, 0))
    for scene in shoals(hide=0., pace=(1, 1)):
        first = next(layer for layer in scene.layers if layer.object == 1)
        assert np.linalg.norm(centre(first, FRAMES - 1)) < np.linalg.norm(centre(first))


def test_what_a_target_passes_under_stands_still_where_it_passes():
    for scene in shoals(hide=1.):
        kind = Counter(layer.texture for layer in scene.layers).most_common(1)[0][0]
        leaves = [layer for layer in scene.layers if not layer.object and layer.texture != kind]
        assert leaves
        assert all((leaf.matrix == leaf.matrix[0]).all() for leaf in leaves)
        passed = [np.linalg.norm(centre(leaf) - centre(other, t)) for leaf in leaves for other in scene.layers if other.texture == kind for t in range(FRAMES)]
        assert min(passed) <= 1.3 * 1.3 * scenes.LARGEST_ALIKE


def test_what_passes_under_is_hidden_and_comes_out_little_by_little(monkeypatch, pool):
    monkeypatch.setattr(scenes, "COME_IN", 0.)
    monkeypatch.setattr(scenes, "PASS_UNDER", 1.)
    source, rng = clips.SyntheticClips(pool, "train", alike=1., hide=0., pace=(.05, .1)), np.random.default_rng(1)
    shown = np.stack([(source.clip(rng, 24, 64)[1] == 1).sum((1, 2)) for _ in range(40)])
    share = shown / shown.max(1, keepdims=True)
    gone = share.min(1) == 0
    assert gone.mean() > .3
    back = [track[track.argmin():] for track in share[gone] if track[track.argmin():].max() > .6]
    assert len(back) > 5 and np.mean([((track > 0) & (track < .6)).sum() for track in back]) > 2


def whole_scenes(count=80, **look):
    for seed in range(count):
        yield scenes.make_scene(np.random.default_rng(seed), FRAMES, 1000, 9, whole=1., **look)


def test_a_whole_thing_is_one_large_cut_out_before_its_bystanders():
    for scene in whole_scenes(hide=0., smallest=.01):
        numbers = [layer.object for layer in scene.layers]
        targets = [number for number in numbers if number]
        assert sorted(targets) == list(range(1, len(targets) + 1))  # no number twice: no limbs
        first = numbers.index(targets[0])
        assert not any(numbers[:first]) and all(numbers[first:first + len(targets)])
        assert len(numbers) - first - len(targets) <= 1  # who passes by is the only one in front
        for layer in scene.layers[first:first + len(targets)]:
            assert np.abs(np.linalg.det(layer.matrix[0, :2, :2])) ** .5 > scenes.WHOLE_SIZES[0] / 2


def test_most_whole_things_are_models_where_there_are_any():
    textures = [layer.texture for scene in whole_scenes(hide=0., models=900) for layer in scene.layers if layer.object]
    assert .6 < np.mean(np.array(textures) >= 900) < .85
    assert np.mean([t >= 900 for scene in whole_scenes(hide=0.) for t in [layer.texture for layer in scene.layers if layer.object]]) < .25


def test_little_is_done_to_a_picture_of_a_whole_thing():
    spoilt = lambda made: np.mean([[s.noise > 0, s.jpeg > 0, s.blur[0] > 0] for s in made])
    usual = [scenes.make_scene(np.random.default_rng(seed), FRAMES, 1000, 9) for seed in range(80)]
    assert spoilt(whole_scenes()) < .6 * spoilt(usual)


def test_no_share_of_whole_things_changes_no_scene():
    for seed in range(20):
        old = scenes.make_scene(np.random.default_rng(seed), FRAMES, 1000, 9)
        new = scenes.make_scene(np.random.default_rng(seed), FRAMES, 1000, 9, whole=0., models=900)
        assert old.seed == new.seed and [x.texture for x in old.layers] == [x.texture for x in new.layers]
