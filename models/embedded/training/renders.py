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

import shading
import sources
import textures
from meshes import Unreadable, read_poses

SIDE, MARGIN, FINER = 256, .04, 2  # pixels of a cut-out's side, the share that stays empty all round, and how much finer it is drawn
COUNT, TURNING, HELD_OUT = 3600, 600, 10  # single pictures, and those that turn; of the models one in so many is for validation
LEAST, MOST = .1, .92  # share of the square that a thing covers; this and the numbers below are our own guesses, not tuned
TURNS, TURN, STRIDE = 8, .09, .03  # views of what turns, the most between two of them (radians), and the most of an animation's length
SHARED = {}  # models and photographs, inherited by the worker processes


def varied(rng, poses):
    """The same of other proportions and colours, half the time smooth"""
    if rng.random() < .5:
        poses = [pose.rounded() for pose in poses]
    colours = poses[0].colours
    colours = np.roll(colours, rng.integers(3), 1) if rng.random() < .4 else colours
    if (colours == 1).all():  # it has a picture instead, which isn't read
        colours = rng.uniform(.05, .95, colours.shape)
    stretch = np.exp(rng.normal(0, .15, 3))
    stretched = lambda pose: replace(pose, vertices=pose.vertices * stretch, rest=pose.rest * [*stretch, 1, 1, 1], colours=colours)
    return [stretched(pose) for pose in poses]


def about(i, j, angle):
    """-> [3, 3] rotation by an angle that takes axis i towards axis j"""
    turn = np.eye(3)
    turn[[i, j], [i, j]] = np.cos(angle)
    turn[j, i], turn[i, j] = np.sin(angle), -np.sin(angle)
    return turn


def any_turn(rng):
    """-> [3, 3] rotation: mostly upright, seen from a little below to well above; sometimes from anywhere"""
    if rng.random() < .2:
        return np.linalg.qr(rng.normal(0, 1, (3, 3)))[0]
    yaw, pitch, roll = rng.uniform(0, 6.3), rng.uniform(-.3, 1), rng.normal(0, .15)
    return about(0, 1, roll) @ about(1, 2, pitch) @ about(2, 0, yaw)


def any_turns(rng, count):
    """-> [count, 3, 3] rotations, each a little further than the one before"""
    turns = [any_turn(rng)]
    if count > 1:
        steps = rng.uniform(-TURN, TURN, 2)
        turns += [about(1, 2, k * steps[0] / 2) @ about(2, 0, k * steps[1]) @ turns[0] for k in range(1, count)]
    return np.stack(turns)


def flattened(pose, turn, distance):
    """-> (points [n, 2], depth [n], larger is nearer) of the vertices from a distance, in the model's largest radius"""
    centred = pose.vertices - (pose.vertices.max(0) + pose.vertices.min(0)) / 2
    x, y, z = (centred / np.linalg.norm(centred, axis=1).max() @ turn.T).T
    return np.stack([x, -y], 1) / (distance - z)[:, None], z


def faces_of_pixels(points, depth, faces, side):
    """-> [side, side] which face each pixel shows, -1: none. Far ones are drawn first (the painter's algorithm)."""
    shown = np.full((side, side), -1, np.int32)
    corners = np.round(points * 16).astype(np.int32)[faces]
    for face in np.argsort(depth[faces].mean(1)):
        cv2.fillConvexPoly(shown, corners[face], int(face), cv2.LINE_8, 4)
    return shown


def barycentric(points, corners):
    """points [n, 2], corners [n, 3, 2] -> [n, 3] how near a point is to each corner; 0..1, sum 1"""
    a, b, c = corners.transpose(1, 0, 2)
    cross = lambda u, v: u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]
    whole = cross(b - a, c - a)
    whole[np.abs(whole) < 1e-6] = 1e-6
    made = np.clip(np.stack([cross(b - points, c - points), cross(c - points, a - points), cross(a - points, b - points)], 1) / whole[:, None], 0, 1)
    return made / made.sum(1, keepdims=True).clip(1e-6)


class GBuffer:
    """What one view of a model shows (as in deferred shading): at which pixels, of which part, and how it lies there"""

    def __init__(self, pose, points, depth, turn, side):
        shown = faces_of_pixels(points, depth, pose.faces, side)
        self.ys, self.xs = np.nonzero(shown >= 0)
        corners, self.part = pose.faces[shown[self.ys, self.xs]], pose.part[shown[self.ys, self.xs]]
        share = barycentric(np.stack([self.xs, self.ys], 1), points[corners])
        mixed = lambda values: np.einsum("nk,nkc->nc", share, values[corners])
        self.normal, rest = mixed(pose.normals @ turn.T), mixed(pose.rest)
        self.normal *= np.where(self.normal[:, 2:] < 0, -1, 1) / np.linalg.norm(self.normal, axis=1, keepdims=True).clip(1e-9)
        self.at, self.upright = rest[:, :3], rest[:, 3:]

    def coloured(self, materials, lamp, side):
        """materials: {part: its picture}; at [n, 3] in widths of these -> [side, side, 4] premultiplied 0..255, smaller by FINER"""
        colour, picture = np.zeros((len(self.ys), 3)), np.zeros((side, side, 4), np.float32)
        for part in np.unique(self.part):
            chosen = self.part == part
            colour[chosen] = shading.triplanar(materials[part], self.at[chosen], self.upright[chosen])
        picture[self.ys, self.xs, :3], picture[self.ys, self.xs, 3] = lamp(colour, self.normal), 255
        return cv2.resize(picture, None, fx=1 / FINER, fy=1 / FINER, interpolation=cv2.INTER_AREA)


def views_of(rng, poses, side):
    """-> [GBuffer] of a model in one size and from a view that goes on turning"""
    turns, distance = any_turns(rng, len(poses)), rng.uniform(1.8, 6)
    flat = [flattened(pose, turn, distance) for pose, turn in zip(poses, turns)]
    low, high = np.min([points.min(0) for points, _ in flat], 0), np.max([points.max(0) for points, _ in flat], 0)
    scale = side * (1 - 2 * MARGIN) / (high - low).max()
    return [GBuffer(pose, (points - (low + high) / 2) * scale + side / 2, depth, turn, side) for pose, (points, depth), turn in zip(poses, flat, turns)]


def materials_of(rng, views, colours, photos):
    """-> {part: its picture} of all parts that show"""
    style = rng.choice(shading.STYLES, p=shading.CHANCES)
    return {part: shading.look_of_part(rng, colours[part], style, photos) for part in np.unique(np.concatenate([view.part for view in views]))}


def render(rng, poses, photos, side=SIDE):
    """poses: [Mesh] of one model -> cut-outs [poses, side, side, 4] premultiplied 0..255, of one size and in one light"""
    fine = side * FINER
    poses = [pose.split() for pose in varied(rng, poses)]
    views = views_of(rng, poses, fine)
    finer, shift = rng.uniform(.7, 3) / np.ptp(poses[0].rest[:, :3], axis=0).max(), rng.uniform(0, 9, 3)
    for view in views:
        view.at = view.at * finer + shift
    materials, lamp = materials_of(rng, views, poses[0].colours, photos), shading.Lamp(rng)
    return np.stack([view.coloured(materials, lamp, fine) for view in views])


# --- the pool ---------------------------------------------------------------------------------------------------

def make_render(seed, views=1):
    """-> stored cut-outs [views, SIDE, SIDE, 4] of a random model"""
    rng = np.random.default_rng(seed)
    while True:
        kind = rng.choice(list(SHARED["models"]), p=SHARED["chances"])
        model = SHARED["models"][kind][rng.integers(len(SHARED["models"][kind]))]
        try:
            cuts = render(rng, read_poses(model, rng, views, rng.uniform(0, STRIDE) if views > 1 else 0), SHARED["photos"])
        except Unreadable:
            continue
        if LEAST < (cuts[0, ..., 3] > 127).mean() < MOST:
            return textures.stored(cuts)


def split_models(models):
    """-> (held out, to train on); every kind is in both, no model"""
    return {kind: some[::HELD_OUT] for kind, some in models.items()}, {kind: [m for k, m in enumerate(some) if k % HELD_OUT] for kind, some in models.items()}


def make_single(seed):
    return make_render(seed)[0]


def make_turning(seed):
    return make_render([*seed, TURNS], TURNS)


def build_renders(folder, models, photos, count=COUNT, turning=TURNING, seed=11, workers=2):
    """Writes train_renders.npy [count, SIDE, SIDE, 4] and train_turns.npy [turning * TURNS, SIDE, SIDE, 4], TURNS views after
    each other, and the same for val, a tenth of it; models: {kind: [bytes of a .glb]}"""
    for name, share, some, surfaces in zip(("val", "train"), (HELD_OUT, 1), split_models(models), textures.split_photos(photos)):
        chances = np.cbrt([len(one) for one in some.values()])  # or 12 animals would be lost among 150 plants
        SHARED.update(models=some, chances=chances / chances.sum(), photos=surfaces)
        with multiprocessing.get_context("fork").Pool(workers) as team:
            np.save(f"{folder}/{name}_renders.npy", np.stack(team.map(make_single, [[seed, k] for k in range(count // share)], 8)))
            np.save(f"{folder}/{name}_turns.npy", np.concatenate(team.map(make_turning, [[seed, k] for k in range(turning // share)], 2)))


def load_renders(folder, split, name="renders"):
    """name: "renders" or "turns" -> cut-outs [n, SIDE, SIDE, 4], mapped from disk"""
    return np.load(f"{folder}/{split}_{name}.npy", mmap_mode="r")


if __name__ == "__main__":
    args = textures.pool_arguments(__doc__)
    build_renders(args.pool, sources.unpack_models(args.sources), sources.unpack(args.sources)[1])
