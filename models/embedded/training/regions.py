#!/usr/bin/env python3
"""Things that photographs show by themselves: a pool of pictures with regions, and a region as a cut-out. Runs in Python.

    python regions.py --sources .cache/sources.npz --pool .cache/pool

[Note: what pasted cut-outs don't teach] In a scene of cut-outs the photograph behind them is never the answer, so a
network that is taught by scenes alone learns that what belongs to a photograph is background: after one click the first masks
of held-out scenes had J 0.70, of real clips 0.08. Nobody has marked these photographs; but what stands out in them by
its outline (merging.py) is mostly a thing or a part of one, and looks as things in photographs do.
"""
import multiprocessing

import cv2
import numpy as np

import sources
import textures
from merging import MOST, MOST_AREA, regions_of

SIDE = textures.BACKGROUND_SIDE
CLOSER = (1., .6)  # crops of each photograph, by the shares of its shorter side
CUTS_EACH, LEAST_CUT = 4, .01  # regions of a picture that become cut-outs of scenes, and the smallest, of the picture
CUT, MARGIN = 192, .04  # pixels of a cut-out's side, and the share of it that stays empty all round


# --- a region as a cut-out --------------------------------------------------------------------------------------

def span(region):
    """-> (rows, columns) of its bounding box as slices"""
    ys, xs = np.flatnonzero(region.any(1)), np.flatnonzero(region.any(0))
    return slice(ys[0], ys[-1] + 1), slice(xs[0], xs[-1] + 1)


def place(region):
    """-> (its centre in [-1, 1] of the picture, half the side there of a cut-out of it)"""
    rows, columns = span(region)
    centre = np.array([columns.start + columns.stop, rows.start + rows.stop]) / len(region) - 1
    return centre, max(rows.stop - rows.start, columns.stop - columns.start) / (1 - 2 * MARGIN) / len(region)


def lifted(picture, region):
    """-> (cut-out [CUT, CUT, 4] premultiplied, its centre in [-1, 1] of the picture, half its side there)"""
    rows, columns = span(region)
    alpha = cv2.GaussianBlur(region.astype(np.float32), (0, 0), .7)[rows, columns] * 255
    cut = textures.fitted(np.dstack([picture[rows, columns], alpha]), CUT, MARGIN)
    return (textures.stored(cut), *place(region))


def without(picture, region):
    """The picture with the region filled from around it (Telea, 2004), as what shows where a thing has gone"""
    hole = cv2.dilate(region.astype(np.uint8), np.ones((7, 7), np.uint8))
    half = lambda image, how: cv2.resize(image, None, fx=.5, fy=.5, interpolation=how)
    filled = cv2.inpaint(half(picture, cv2.INTER_AREA), half(hole, cv2.INTER_NEAREST), 4, cv2.INPAINT_TELEA)
    return np.where(hole[..., None] > 0, cv2.resize(filled, picture.shape[1::-1]), picture)


# --- the pool ---------------------------------------------------------------------------------------------------

def crops(photo, rng):
    """[H, W, 3] -> pictures [SIDE, SIDE, 3]"""
    for share in CLOSER:
        size = int(share * min(photo.shape[:2]))
        y, x = (int(rng.integers(0, n - size + 1)) for n in photo.shape[:2])
        yield cv2.resize(photo[y:y + size, x:x + size], (SIDE, SIDE), interpolation=cv2.INTER_AREA if size > SIDE else cv2.INTER_CUBIC)


def of_photo(task):
    """(photo, seed) -> [(picture, packed regions [MOST, SIDE * SIDE / 8] uint8)]; missing regions are empty"""
    photo, seed = task
    cv2.setNumThreads(1)
    made = []
    for picture in crops(photo, np.random.default_rng(seed)):
        masks, _ = regions_of(picture)
        packed = np.zeros((MOST, SIDE * SIDE // 8), np.uint8)
        packed[:len(masks)] = np.packbits(masks.reshape(len(masks), SIDE * SIDE), axis=1)
        made.append((picture, packed))
    return made


def build_regions(folder, photos, seed=11, workers=2):
    """Writes train_natural.npy [n, SIDE, SIDE, 3], train_regions.npy [n, MOST, SIDE * SIDE / 8] (packed masks) and the
    same for val."""
    for name, some in zip(("val", "train"), textures.split_photos(photos)):
        with multiprocessing.get_context("fork").Pool(workers) as team:
            made = [m for group in team.imap(of_photo, [(p, [seed, k]) for k, p in enumerate(some)], 2) for m in group]
        np.save(f"{folder}/{name}_natural.npy", np.stack([m[0] for m in made]))
        np.save(f"{folder}/{name}_regions.npy", np.stack([m[1] for m in made]))


def build_cuts(folder):
    """Writes train_cuts.npy [n, CUT, CUT, 4]: the clearest regions of the training pictures, for scenes among other cut-outs"""
    pictures, packed = load_regions(folder, "train")
    made = []
    for picture, some in zip(pictures, packed):
        masks = np.unpackbits(some[:CUTS_EACH], axis=1).reshape(-1, SIDE, SIDE).astype(bool)
        made += [lifted(picture, mask)[0] for mask in masks if LEAST_CUT <= mask.mean() <= MOST_AREA]
    np.save(f"{folder}/train_cuts.npy", np.stack(made))


def load_cuts(folder):
    """-> regions as cut-outs [n, CUT, CUT, 4], mapped from disk"""
    return np.load(f"{folder}/train_cuts.npy", mmap_mode="r")


def load_regions(folder, split):
    """-> (pictures, packed regions), mapped from disk and shared between processes"""
    return np.load(f"{folder}/{split}_natural.npy", mmap_mode="r"), np.load(f"{folder}/{split}_regions.npy", mmap_mode="r")


if __name__ == "__main__":
    args = textures.pool_arguments(__doc__)
    build_regions(args.pool, sources.unpack(args.sources)[1])
    build_cuts(args.pool)
