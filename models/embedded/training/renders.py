#!/usr/bin/env python3
"""Cut-outs of whole things of many parts: three-dimensional models from anywhere, in the materials of photographs. Runs in Python.

    python renders.py --sources .cache/sources.npz --pool .cache/pool

[Note: where a thing ends] A flat cut-out is one surface with patches, a photograph's region mostly one part of a thing.
Clicked on such a part, a network taught by both takes the part: a fish without its fins, a chair without its legs.
A model has parts that differ in material and belong together, thin ones too, under one light.
"""
import multiprocessing
from dataclasses import replace

import cv2
import numpy as np

import sources
import textures
from meshes import Mesh, read_mesh

SIDE, MARGIN, FINER = 256, .04, 2  # pixels of a cut-out's side, the share that stays empty all round, and how much finer it is drawn
COUNT, HELD_OUT = 3600, 10  # pictures; of the models one in so many is for validation
LONGEST_EDGE, ROUNDS, MOST_SPLIT = 1 / 10, 3, 30_000  # of the model's size: triangles are split to it, so that they can be sorted by depth
LEAST, MOST = .1, .92  # share of the square that a thing covers
GRAIN = 256  # pixels of a material's side
SHARED = {}  # models and photographs, inherited by the worker processes


def split(mesh):
    """The same surface in triangles that are small beside the whole"""
    vertices, normals, faces, part = mesh.vertices, mesh.normals, mesh.faces, mesh.part
    longest = LONGEST_EDGE * np.ptp(vertices, axis=0).max()
    for _ in range(ROUNDS):
        corner = vertices[faces]
        large = np.linalg.norm(corner - np.roll(corner, 1, 1), axis=2).max(1) > longest
        if not large.any() or len(faces) + 3 * large.sum() > MOST_SPLIT:
            break
        a, b, c = faces[large].T
        ab, bc, ca = (len(vertices) + k * len(a) + np.arange(len(a)) for k in range(3))
        for pair in ((a, b), (b, c), (c, a)):
            vertices, normals = (np.concatenate([v, (v[pair[0]] + v[pair[1]]) / 2]) for v in (vertices, normals))
        faces = np.concatenate([faces[~large], *(np.stack(t, 1) for t in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca)))])
        part = np.concatenate([part[~large], *[part[large]] * 4])
    return Mesh(vertices, normals, faces, part, mesh.colours)


def rounded(mesh):
    """The same with one normal for all corners that meet, as if what is coarse were smooth"""
    size = np.ptp(mesh.vertices, axis=0).max()
    _, place = np.unique(np.round(mesh.vertices / size * 1000), axis=0, return_inverse=True)
    together = np.stack([np.bincount(place.ravel(), normal) for normal in mesh.normals.T], 1)[place.ravel()]
    return replace(mesh, normals=together / np.linalg.norm(together, axis=1, keepdims=True).clip(1e-9))


def varied(rng, mesh):
    """The same of other proportions and colours, half the time smooth"""
    if rng.random() < .5:
        mesh = rounded(mesh)
    colours = np.roll(mesh.colours, rng.integers(3), 1) if rng.random() < .4 else mesh.colours
    if (colours == 1).all():  # it has a picture instead, which isn't read
        colours = rng.uniform(.05, .95, colours.shape)
    return replace(mesh, vertices=mesh.vertices * np.exp(rng.normal(0, .15, 3)), colours=colours)


def any_turn(rng):
    """-> [3, 3] rotation: mostly upright, seen from a little below to well above; sometimes from anywhere"""
    if rng.random() < .2:
        return np.linalg.qr(rng.normal(0, 1, (3, 3)))[0]
    yaw, pitch, roll = rng.uniform(0, 6.3), rng.uniform(-.3, 1), rng.normal(0, .15)
    about = lambda i, j, angle: np.eye(3) + (np.cos(angle) - 1) * (np.outer(*[np.eye(3)[i]] * 2) + np.outer(*[np.eye(3)[j]] * 2)) \
        + np.sin(angle) * (np.outer(np.eye(3)[j], np.eye(3)[i]) - np.outer(np.eye(3)[i], np.eye(3)[j]))
    return about(0, 1, roll) @ about(1, 2, pitch) @ about(2, 0, yaw)


def seen(rng, mesh, side):
    """-> (points [n, 2] in pixels, depth [n], larger is nearer, normals [n, 3] as seen) of the vertices"""
    turn = any_turn(rng)
    centred = mesh.vertices - (mesh.vertices.max(0) + mesh.vertices.min(0)) / 2
    x, y, z = (centred / np.linalg.norm(centred, axis=1).max() @ turn.T).T
    flat = np.stack([x, -y], 1) / (rng.uniform(1.8, 6) - z)[:, None]
    low, high = flat.min(0), flat.max(0)
    scale = side * (1 - 2 * MARGIN) / (high - low).max()
    return (flat - (low + high) / 2) * scale + side / 2, z, mesh.normals @ turn.T


def faces_of_pixels(points, depth, faces, side):
    """-> [side, side] which face each pixel shows, -1: none. Far ones are drawn first (the painter's algorithm)."""
    shown = np.full((side, side), -1, np.int32)
    corners = np.round(points * 16).astype(np.int32)[faces]
    for face in np.argsort(depth[faces].mean(1)):
        cv2.fillConvexPoly(shown, corners[face], int(face), cv2.LINE_8, 4)
    return shown


def shares(points, corners):
    """points [n, 2], corners [n, 3, 2] -> [n, 3] how near a point is to each corner; 0..1, sum 1"""
    a, b, c = corners.transpose(1, 0, 2)
    cross = lambda u, v: u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]
    whole = cross(b - a, c - a)
    whole[np.abs(whole) < 1e-6] = 1e-6
    made = np.clip(np.stack([cross(b - points, c - points), cross(c - points, a - points), cross(a - points, b - points)], 1) / whole[:, None], 0, 1)
    return made / made.sum(1, keepdims=True).clip(1e-6)


def wrapped(material, at, normals):
    """material [GRAIN, GRAIN, 3] laid on a surface from three sides; at [n, 3] in its widths, normals [n, 3] -> [n, 3]"""
    fold = lambda v: (np.abs((v + 1) % 2 - 1) * (GRAIN - 1)).astype(int)  # there and back, so that no seam shows
    weight = np.abs(normals) ** 4 + 1e-6
    weight /= weight.sum(1, keepdims=True)
    return sum(weight[:, k:k + 1] * material[fold(at[:, (k + 1) % 3]), fold(at[:, (k + 2) % 3])] for k in range(3))


def look_of_part(rng, colour, style, photos):
    """-> material [GRAIN, GRAIN, 3], 0..255; style: how much of it is a photograph's ("own", "grained" or "photo")"""
    own = 255 * np.clip(colour + rng.normal(0, .04, 3), .03, .97)
    if style == "own":
        return np.clip(own + textures.cloud(rng, GRAIN)[..., None] * rng.uniform(0, 14), 0, 255)
    surface = textures.texture(rng, GRAIN, photos)
    if style == "photo" and rng.random() < .8:
        return surface
    luma = surface.mean(2, keepdims=True)
    return np.clip(own * (1 + rng.uniform(.4, 1.2) * (luma / max(luma.mean(), 1) - 1)) + rng.uniform(0, .4) * (surface - luma), 0, 255)


def light(rng, normals):
    """normals [n, 3] as seen -> [n, 3] what of its colour a surface shows, and [n, 1] what it mirrors of the lamp"""
    lamp = rng.normal(0, 1, 3) + [0, .8, .8]
    lamp /= np.linalg.norm(lamp)
    facing = np.clip(normals @ lamp, 0, 1)[:, None]
    sky = .5 + .5 * normals[:, 1:2]
    ambient, tint = rng.uniform(.3, .7), 1 + rng.normal(0, .06, 3)
    mirrored = np.clip(normals @ ((lamp + [0, 0, 1]) / np.linalg.norm(lamp + [0, 0, 1])), 0, 1)[:, None] ** rng.uniform(8, 60)
    return ambient * (.7 + .3 * sky) + (1.25 - ambient) * facing * tint, mirrored * max(0, rng.normal(0, .35))


def render(rng, mesh, photos, side=SIDE):
    """-> cut-out [side, side, 4] premultiplied 0..255"""
    mesh, fine = split(varied(rng, mesh)), side * FINER
    points, depth, normals = seen(rng, mesh, fine)
    shown = faces_of_pixels(points, depth, mesh.faces, fine)
    ys, xs = np.nonzero(shown >= 0)
    corners, part = mesh.faces[shown[ys, xs]], mesh.part[shown[ys, xs]]
    share = shares(np.stack([xs, ys], 1), points[corners])
    mixed = lambda values: np.einsum("nk,nkc->nc", share, values[corners])
    normal = mixed(normals)
    normal *= np.where(normal[:, 2:] < 0, -1, 1) / np.linalg.norm(normal, axis=1, keepdims=True).clip(1e-6)
    size = np.ptp(mesh.vertices, axis=0).max()
    at, upright = mixed(mesh.vertices / size) * rng.uniform(.7, 3) + rng.uniform(0, 9, 3), mixed(mesh.normals)
    colour, style = np.zeros((len(ys), 3)), rng.choice(["own", "grained", "photo"], p=[.25, .4, .35])
    for number in np.unique(part):
        chosen = part == number
        colour[chosen] = wrapped(look_of_part(rng, mesh.colours[number], style, photos), at[chosen], upright[chosen])
    matt, mirrored = light(rng, normal)
    picture = np.zeros((fine, fine, 4), np.float32)
    picture[ys, xs, :3] = np.clip(colour * matt + 255 * mirrored, 0, 255)
    picture[ys, xs, 3] = 255
    return cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)


def make_render(seed):
    """-> stored cut-out of a random model; kinds of models are as likely as the cube root of their number"""
    rng = np.random.default_rng(seed)
    while True:
        kind = rng.choice(list(SHARED["models"]), p=SHARED["chances"])
        try:
            cut = render(rng, read_mesh(SHARED["models"][kind][rng.integers(len(SHARED["models"][kind]))], rng), SHARED["photos"])
        except ValueError:  # no plain triangles in it
            continue
        if LEAST < (cut[..., 3] > 127).mean() < MOST:
            return textures.stored(cut)


def split_models(models):
    """-> (held out, to train on); every kind is in both, no model"""
    return {kind: some[::HELD_OUT] for kind, some in models.items()}, {kind: [m for k, m in enumerate(some) if k % HELD_OUT] for kind, some in models.items()}


def build_renders(folder, models, photos, count=COUNT, seed=11, workers=2):
    """Writes train_renders.npy [count, SIDE, SIDE, 4] and, a tenth of it, val_renders.npy; models: {kind: [bytes of a .glb]}"""
    for name, number, some, surfaces in zip(("val", "train"), (count // HELD_OUT, count), split_models(models), textures.split_photos(photos)):
        chances = np.cbrt([len(one) for one in some.values()])
        SHARED.update(models=some, chances=chances / chances.sum(), photos=surfaces)
        with multiprocessing.get_context("fork").Pool(workers) as team:
            np.save(f"{folder}/{name}_renders.npy", np.stack(team.map(make_render, [[seed, k] for k in range(number)], 8)))


def load_renders(folder, split):
    """-> cut-outs [n, SIDE, SIDE, 4], mapped from disk"""
    return np.load(f"{folder}/{split}_renders.npy", mmap_mode="r")


if __name__ == "__main__":
    args = textures.pool_arguments(__doc__)
    build_renders(args.pool, sources.unpack_models(args.sources), sources.unpack(args.sources)[1])
