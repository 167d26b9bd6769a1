"""What a model's surfaces look like: materials, of photographs or of its own colours, and one lamp. Runs in Python."""
import numpy as np

import textures

GRAIN = 256  # pixels of a material's side
STYLES, CHANCES = ("own", "grained", "photo"), (.25, .4, .35)  # how much of a material is a photograph's


def triplanar(material, at, normals):
    """material [GRAIN, GRAIN, 3] laid on a surface from three sides; at [n, 3] in its widths, normals [n, 3] -> [n, 3]"""
    fold = lambda v: (np.abs((v + 1) % 2 - 1) * (GRAIN - 1)).astype(int)  # there and back, so that no seam shows
    weight = np.abs(normals) ** 4 + 1e-6
    weight /= weight.sum(1, keepdims=True)
    return sum(weight[:, k:k + 1] * material[fold(at[:, (k + 1) % 3]), fold(at[:, (k + 2) % 3])] for k in range(3))


def look_of_part(rng, colour, style, photos):
    """-> material [GRAIN, GRAIN, 3], 0..255; style: one of STYLES"""
    own = 255 * np.clip(colour + rng.normal(0, .04, 3), .03, .97)
    if style == "own":
        return np.clip(own + textures.cloud(rng, GRAIN)[..., None] * rng.uniform(0, 14), 0, 255)
    surface = textures.texture(rng, GRAIN, photos)
    if style == "photo" and rng.random() < .8:
        return surface
    luma = surface.mean(2, keepdims=True)
    return np.clip(own * (1 + rng.uniform(.4, 1.2) * (luma / max(luma.mean(), 1) - 1)) + rng.uniform(0, .4) * (surface - luma), 0, 255)


class Lamp:
    """One lamp, the sky and what a surface mirrors (Blinn, 1977); the ranges are our own guesses, not tuned"""

    def __init__(self, rng):
        self.towards = rng.normal(0, 1, 3) + [0, .8, .8]
        self.towards /= np.linalg.norm(self.towards)
        self.ambient, self.tint = rng.uniform(.3, .7), 1 + rng.normal(0, .06, 3)
        self.gloss, self.mirrored = rng.uniform(8, 60), max(0, rng.normal(0, .35))

    def __call__(self, colour, normals):
        """colour [n, 3], 0..255; normals [n, 3] as seen -> [n, 3]"""
        facing = np.clip(normals @ self.towards, 0, 1)[:, None]
        sky = .5 + .5 * normals[:, 1:2]
        half_way = self.towards + [0, 0, 1]
        gleam = np.clip(normals @ (half_way / np.linalg.norm(half_way)), 0, 1)[:, None] ** self.gloss
        matt = self.ambient * (.7 + .3 * sky) + (1.25 - self.ambient) * facing * self.tint
        return np.clip(colour * matt + 255 * gleam * self.mirrored, 0, 255)
