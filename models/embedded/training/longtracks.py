#!/usr/bin/env python3
"""Held-out clips of 64 slow frames, drawn or filmed: how a track ages, and what is found again after an absence. Runs in Python.

    SAM2_REF=DIR python longtracks.py WEIGHTS... --pool .cache/pool
    SAM2_REF=DIR python longtracks.py WEIGHTS... --pool .cache/pool --drawn 384 --inputs 256 384 --clips 12
    SAM2_REF=DIR python longtracks.py WEIGHTS... --pool .cache/pool --alike
    SAM2_REF=DIR python longtracks.py WEIGHTS... --pool .cache/pool --natural --covered --clips 12
    SAM2_REF=DIR python longtracks.py WEIGHTS... --pool .cache/pool --models
    SAM2_REF=DIR python longtracks.py WEIGHTS... --pool .cache/pool --whole
    SAM2_REF=DIR python longtracks.py WEIGHTS... --footage .cache/footage/val

The 8 frames of validation.py end before errors of the memory have grown. States are chosen by this, never by the real
clips that they are judged by.
"""
import argparse
import os
import random
from functools import partial

import upstream
upstream.use()

import cv2
import numpy as np
import torch
import torch.nn.functional as F

import clips
import folders
import scenes
from network import build, normalised, set_size
from unroll import Unroll
from validation import OFTEN, held_out_models, held_out_regions, jaccard, validate_pictures

HERE = os.path.dirname(os.path.abspath(__file__))
FRAMES, SEED = 64, 99
PICTURES = 64  # single photographs or scenes on which the first mask is judged
PACE = (.02, .2)  # 25 to 60 frames a second
HIDE = .5
LEAST_AREA, LEAST_SEEN = .01, .3  # of the first frame; of the frames
NEAR_MOST = 5  # where objects are to be small, they cover at least a fifth of the most that is allowed
AGES = ((1, 9), (9, 25), (25, FRAMES))


def long_clips(pool, count, side, kind, wide=0., most=1., alike=0.):
    """wide: share of clips that are squeezed as frames of 16 : 9 would be; most: of the first frame that an object may cover;
    alike: share of the scenes that are so, see [Note: little of it shows] in scenes.py
    -> [(pixels [T, side, side, 3] uint8, mask [T, side, side] bool of the largest object)]"""
    smallest = min(scenes.SMALLEST, most ** .5)  # half sides in half pictures are sides in pictures
    source, rng, made = kind(pool, "val", hide=HIDE, pace=PACE, wide=wide, smallest=smallest, alike=alike), np.random.default_rng(SEED), []
    least = min(LEAST_AREA, most / NEAR_MOST)
    while len(made) < count:
        pixels, ids = source.clip(rng, FRAMES, side)
        area = np.bincount(ids[0].ravel(), minlength=4)[1:4] / side ** 2
        area[area > most] = 0
        mask = ids == area.argmax() + 1
        if area.max() >= least and mask.any((1, 2)).mean() >= LEAST_SEEN:
            made.append((pixels, mask))
    return made


def footage_clips(root, side):
    """Every object of every clip in a folder (see folders.py), there and back until FRAMES are full -> as long_clips"""
    made = []
    for clip in folders.open_folder(root):
        order = clips.bounced(0, 1, FRAMES, len(clip))
        pixels = np.stack([cv2.resize(clip.picture(i), (side, side), interpolation=cv2.INTER_AREA) for i in order])
        labels = np.stack([cv2.resize(clip.labels(i), (side, side), interpolation=cv2.INTER_NEAREST) for i in order])
        made += [(pixels, labels == value) for value in np.unique(labels[0]) if value]
    return made


def features_of(unroll, frames, at_once=8):
    """Features of a long clip [T, 3, S, S], a few frames at a time -> as Unroll takes them"""
    parts = [unroll.features(frames[None, i:i + at_once]) for i in range(0, len(frames), at_once)]
    joined = lambda which: [torch.cat(levels, 1) for levels in zip(*(part[which] for part in parts))]
    return joined(0), joined(1), parts[0][2]


def resized(masks, side):
    """[T, N, 1, S, S] bool -> [T, N, 1, side, side] bool: what is more than half covered. Nothing changes where S is side."""
    shape = (*masks.shape[:3], side, side)
    return (F.interpolate(masks.flatten(0, 1).float(), (side, side), mode="bilinear", align_corners=False, antialias=True) > .5).view(shape)


@torch.no_grad()
def follow(model, made, prompt, side):
    """The network sees the clips at `side` pixels; masks are compared at the size that they were drawn in.
    -> J [clips, T], seen [clips, T], guessed [clips, T]"""
    set_size(model, side)
    unroll, rows = Unroll(model), []
    random.seed(0)
    torch.manual_seed(0)
    for pixels, mask in made:
        masks = torch.from_numpy(mask)[:, None, None]
        frames = F.interpolate(torch.from_numpy(pixels).permute(0, 3, 1, 2).float(), (side, side), mode="bilinear", align_corners=False, antialias=True)
        predicted = unroll(features_of(unroll, normalised(frames)), resized(masks, side), 1, prompt)
        predicted = resized(predicted, masks.shape[-1])
        rows.append((jaccard(predicted, masks)[:, 0].numpy(), mask.any((1, 2)), predicted.flatten(1).any(1).numpy()))
    unroll.close()
    return [np.stack(column) for column in zip(*rows)]


def told(J, seen, guessed):
    """-> text"""
    mean = lambda where: np.where(where, J, np.nan)
    ages = " ".join(f"{a}-{b - 1} {np.nanmean(mean(seen)[:, a:b]):.3f}" for a, b in AGES)
    back = seen & (np.cumprod(seen, 1) == 0)
    return (f"J {J[:, 1:].mean():.3f}, seen frames {ages}, after an absence {np.nanmean(mean(back)):.3f} ({back.sum()} frames); "
            f"called visible {guessed[seen].mean():.2f}, hidden {(~guessed)[~seen].mean():.2f} ({(~seen).sum()})")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", nargs="+")
    parser.add_argument("--pool", default=os.path.join(HERE, ".cache", "pool"))
    parser.add_argument("--clips", type=int, default=24)
    parser.add_argument("--drawn", type=int, default=256, help="side of the clips, pixels")
    parser.add_argument("--inputs", type=int, nargs="*", help="sides at which the network sees them; without it as drawn")
    parser.add_argument("--alike", action="store_true", help="scenes of small things among their likes, which pass under something or come in over the edge")
    parser.add_argument("--natural", action="store_true", help="clips of photographs whose regions are the objects, instead of scenes")
    parser.add_argument("--covered", action="store_true", help="of these regions those that rest are hidden at times too")
    parser.add_argument("--models", action="store_true", help="scenes most of whose things are pictures of models (renders.py)")
    parser.add_argument("--whole", action="store_true", help="clear scenes of one to three whole, large things, most of them pictures of models")
    parser.add_argument("--footage", help="folder of real clips with masks instead, such as footage.py writes")
    parser.add_argument("--wide", type=float, default=0., help="share of clips that are squeezed as real frames are")
    parser.add_argument("--most", type=float, default=1., help="of the first frame that the followed object may cover")
    args = parser.parse_args()
    if args.covered and not args.natural:
        parser.error("--covered is about the regions of photographs: expected --natural beside it")
    if args.alike and (args.natural or args.footage):
        parser.error("--alike is about drawn scenes: expected neither --natural nor --footage beside it")
    modelled = args.models or args.whole
    if modelled and (args.natural or args.footage):
        parser.error(f"--{'models' if args.models else 'whole'} is about drawn scenes: expected neither --natural nor --footage beside it")
    if args.whole and args.alike:
        parser.error("--whole and --alike are two kinds of scenes: expected one of them")
    torch.set_num_threads(1)
    kind = partial(clips.NaturalClips, covered=args.covered) if args.natural else partial(clips.SyntheticClips, models=OFTEN if modelled else 0, turning=modelled, whole=float(args.whole))
    made = footage_clips(args.footage, args.drawn) if args.footage else long_clips(args.pool, args.clips, args.drawn, kind, args.wide, args.most, float(args.alike))
    held_out = held_out_regions if args.natural else partial(held_out_models, whole=float(args.whole))
    pictures = held_out(args.pool, PICTURES, args.drawn) if args.natural or modelled else None
    model = build(os.path.join(HERE, "..", "masklet-nano.yaml")).eval()
    for path in args.weights:
        state = torch.load(path, map_location="cpu", weights_only=True)["model"]
        model.load_state_dict({key: value.float() for key, value in state.items()})
        for side in args.inputs or [args.drawn]:
            if pictures:
                print(f"{os.path.basename(path)} at {side}: {validate_pictures(model, pictures, side)}", flush=True)
            for prompt in ("inner", "mask"):
                print(f"{os.path.basename(path)} at {side}, {prompt}: {told(*follow(model, made, prompt, side))}", flush=True)


if __name__ == "__main__":
    main()
