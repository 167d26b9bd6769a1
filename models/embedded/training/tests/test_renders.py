"""Models are read as glTF says and drawn as a camera would see them."""
import json
import struct

import numpy as np
import pytest

import clips
import meshes
import renders
import scenes
import sources

RED, BLUE = [1, 0, 0, 1], [0, 0, 1, 1]
SQUARE = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]], np.float32)


def glb(squares, nodes=None, more=None, extra=()):
    """squares: [(vertices [4, 3], material)] -> bytes; nodes, more: further JSON; extra: more arrays, as accessors after the squares'"""
    arrays, primitives = [], []
    for vertices, material in squares:
        start = len(arrays)
        arrays += [vertices.astype(np.float32), np.tile(np.float32([0, 0, 1]), (4, 1)), np.uint16([[0], [1], [2], [0], [2], [3]])]
        primitives.append(dict(attributes=dict(POSITION=start, NORMAL=start + 1), indices=start + 2, material=material))
    arrays += extra
    kinds, names = {v: k for k, v in meshes.COMPONENTS.items()}, {v: k for k, v in meshes.WIDTHS.items()}
    offsets = np.cumsum([0] + [array.nbytes for array in arrays])
    tree = dict(
        asset=dict(version="2.0"), scene=0, scenes=[dict(nodes=[0])], nodes=nodes or [dict(mesh=0)], meshes=[dict(primitives=primitives)],
        materials=[dict(pbrMetallicRoughness=dict(baseColorFactor=colour)) for colour in (RED, BLUE)],
        accessors=[dict(bufferView=i, componentType=kinds[a.dtype.type], count=len(a), type=names[a.shape[1]]) for i, a in enumerate(arrays)],
        bufferViews=[dict(buffer=0, byteOffset=int(o), byteLength=a.nbytes) for o, a in zip(offsets, arrays)], **more or {})
    text = json.dumps(tree).encode()
    text += b" " * (-len(text) % 4)
    data = b"".join(array.tobytes() for array in arrays)
    return struct.pack("<4sIIII", b"glTF", 2, 28 + len(text) + len(data), len(text), 0x4E4F534A) + text + struct.pack("<II", len(data), 0x004E4942) + data


def read(data):
    return meshes.read_poses(data, np.random.default_rng(0))[0]


def test_a_model_has_the_vertices_parts_and_colours_of_its_file():
    mesh = read(glb([(SQUARE, 0), (SQUARE + [0, 0, 1], 1)], [dict(mesh=0, scale=[2, 1, 1], translation=[0, 5, 0])]))
    assert mesh.vertices[:, 0].tolist() == [-2, 2, 2, -2] * 2 and mesh.vertices[:, 1].min() == 4
    assert mesh.faces.max() == 7 and mesh.part.tolist() == [0, 0, 1, 1]
    assert np.allclose(mesh.colours, [[1, 0, 0], [0, 0, 1]])


def test_children_are_turned_with_their_parents():
    half = np.sqrt(.5)
    mesh = read(glb([(SQUARE, 0)], [dict(children=[1], rotation=[0, 0, half, half]), dict(mesh=0, translation=[3, 0, 0])]))
    assert np.allclose(mesh.vertices.mean(0), [0, 3, 0], atol=1e-6)  # a quarter turn about z takes x to y


def test_an_animation_poses_the_model_between_its_keys_and_goes_on():
    half = np.sqrt(.5)
    keys = [np.float32([[0], [1]]), np.float32([[0, 0, 0], [9, 0, 0]]), np.float32([[0, 0, 0, 1], [0, 0, -half, -half]])]
    channels = [dict(sampler=k, target=dict(node=0, path=path)) for k, path in enumerate(("translation", "rotation"))]
    moves = dict(animations=[dict(samplers=[dict(input=3, output=4), dict(input=3, output=5)], channels=channels)])
    poses = meshes.read_poses(glb([(SQUARE, 0)], more=moves, extra=keys), np.random.default_rng(0), 2, .1)
    places = [pose.vertices[:, 0].mean() for pose in poses]
    assert 0 < places[0] < 8 and places[1] - places[0] == pytest.approx(.9, abs=1e-4)
    for pose, place in zip(poses, places):
        side = pose.vertices[1] - pose.vertices[0]
        assert np.arctan2(side[1], side[0]) == pytest.approx(place / 9 * np.pi / 2, abs=.08)  # a quarter turn, by its shorter way
    assert (poses[0].rest == poses[1].rest).all()


def test_bones_take_their_vertices_along():
    extra = [np.uint8([[0, 0, 0, 0], [0, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0]]), np.tile(np.float32([1, 0, 0, 0]), (4, 1)), np.tile(np.eye(4, dtype=np.float32).reshape(1, 16), (2, 1))]
    nodes = [dict(children=[1, 2, 3]), dict(mesh=0, skin=0), {}, dict(translation=[0, 0, 7])]
    data = glb([(SQUARE, 0)], nodes, dict(skins=[dict(joints=[2, 3], inverseBindMatrices=5)]), extra)
    at = 20 + struct.unpack("<I", data[12:16])[0]
    tree = json.loads(data[20:at])
    tree["meshes"][0]["primitives"][0]["attributes"].update(JOINTS_0=3, WEIGHTS_0=4)
    text = json.dumps(tree).encode()
    text += b" " * (-len(text) % 4)
    mesh = read(data[:12] + struct.pack("<I", len(text)) + data[16:20] + text + data[at:])
    assert mesh.vertices[:, 2].tolist() == [0, 0, 7, 7]


@pytest.mark.parametrize("data, said", [(b"solid cube", "begins with b'soli'"), (glb([(SQUARE, 0)], more=dict(extensionsUsed=["KHR_draco_mesh_compression"])), "Draco"),
                                        (glb([]), "0 came"), (glb([(SQUARE * np.nan, 0)]), "some are none"), (glb([(SQUARE, 0)])[:-9], "bytes was expected"), (b"glTF", "28 bytes was expected, 4 came")])
def test_what_is_no_plain_model_is_refused(data, said):
    with pytest.raises(meshes.Unreadable, match=said):
        read(data)


def test_splitting_keeps_the_surface_and_its_parts():
    mesh = read(glb([(SQUARE, 0), (SQUARE * 2 + [0, 0, 1], 1)]))
    fine = mesh.split()
    area = lambda m, part: np.linalg.norm(np.cross(*(m.vertices[m.faces[:, k]] - m.vertices[m.faces[:, 0]] for k in (1, 2))), axis=1)[m.part == part].sum() / 2
    assert len(fine.faces) > 16 * len(mesh.faces)
    assert np.allclose([area(fine, 0), area(fine, 1)], [4, 16])


def test_the_nearer_surface_hides_the_one_behind_it():
    mesh = read(glb([(SQUARE * .5 + [0, 0, 1], 0), (SQUARE, 1)]))
    fine = mesh.split()
    shown = renders.faces_of_pixels((fine.vertices[:, :2] + 1) * 32, fine.vertices[:, 2], fine.faces, 64)
    part = np.where(shown < 0, -1, fine.part[shown])
    assert part[32, 32] == 0 and part[4, 4] == 1
    assert (part == 0).mean() == pytest.approx(.25, abs=.04)


def test_barycentric_coordinates_are_those_of_the_point():
    corners = np.array([[[0, 0], [4, 0], [0, 4]]] * 2, float)
    assert np.allclose(renders.barycentric(np.array([[0, 0], [1, 2]], float), corners), [[1, 0, 0], [.25, .25, .5]])


def test_a_render_is_one_cut_out_with_all_of_its_parts():
    mesh = read(glb([(SQUARE * [.3, 1, 1] - [1, 0, 0], 0), (SQUARE * [.3, 1, 1] + [1, 0, 0], 1), (SQUARE * [1, .1, 1], 0)]))
    shares = []
    for seed in range(12):
        cut = renders.render(np.random.default_rng(seed), [mesh], [], 64)[0]
        assert cut.shape == (64, 64, 4) and (cut[..., :3] <= cut[..., 3:] + 1e-3).all()
        assert not cut[0].any() and not cut[:, -1].any()
        shares.append((cut[..., 3] > 127).mean())
    assert max(shares) > .3 and np.ptp(shares) > .1  # from many sides


def test_views_of_what_turns_go_on_in_one_size_and_light():
    mesh = read(glb([(SQUARE * [.3, 1, 1] - [1, 0, 0], 0), (SQUARE * [.3, 1, 1] + [1, 0, 0], 1), (SQUARE * [1, .1, 1], 0)]))
    difference = lambda a, b: np.abs(a - b).mean()
    for seed in range(5):
        views = renders.render(np.random.default_rng(seed), [mesh] * 4, [], 64)
        assert 0 < difference(views[0], views[1]) < difference(views[0], views[3])


def test_a_thing_that_turns_shows_its_own_views_there_and_back_and_others_none():
    shown, still = [], []
    for seed in range(40):
        director = scenes.Director(np.random.default_rng(seed), 60, 28, 1, pace=(.5, 1), turning=(4, 8))
        shown.append(13 + director.views(13))
        still.append(director.views(3))
    shown = np.stack(shown)
    assert (shown[:, 0] == 13).all() and shown.min() == 12 and shown.max() == 19 and not any(still)
    assert np.abs(np.diff(shown, axis=1)).mean() < 1.5 and (shown.max(1) > shown.min(1)).mean() > .9
    layer = scenes.Director(np.random.default_rng(1), 5, 28, 1, turning=(4, 8)).target(1).layers[0]
    assert layer.textures.shape == (5,)


def test_models_are_packed_by_their_folder_and_held_out_by_model(tmp_path):
    np.savez(tmp_path / "sources.npz", **{f"mpublic/glb/fish/{k}.glb": np.frombuffer(b"%d" % k, np.uint8) for k in range(20)}, s00000=np.zeros(1))
    models = sources.unpack_models(tmp_path / "sources.npz")
    kept, rest = renders.split_models(models)
    assert len(models["fish"]) == 20 and len(kept["fish"]) == 2 and not set(kept["fish"]) & set(rest["fish"])


def test_renders_count_among_the_cut_outs_of_scenes(pool):
    models = {"square": [glb([(SQUARE, 0)])] * 20}
    renders.build_renders(pool, models, [], 20, 10, workers=1)
    before, cuts = (clips.SyntheticClips(pool, "train", models=times).cuts for times in (0, 2))
    assert len(cuts) == len(before) + 40
    assert (cuts[len(before)] == cuts[len(before) + 20]).all() and cuts[len(before)].shape == (renders.SIDE, renders.SIDE, 4)
    turning = clips.SyntheticClips(pool, "train", turning=True).cuts
    assert len(turning) == len(before) + 10 * renders.TURNS
    pixels, ids = clips.SyntheticClips(pool, "val", models=9, turning=True).clip(np.random.default_rng(1), 2, 64)
    assert pixels.shape == (2, 64, 64, 3) and ids.any()
