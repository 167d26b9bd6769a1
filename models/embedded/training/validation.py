"""Held-out synthetic clips (their sprites, shapes and photographs are never trained on) and the score on them. Runs in Python."""
import numpy as np
import torch
import torch.nn.functional as F

import clips
from losses import iou
from network import normalised, set_size
from unroll import Unroll

FRAMES, SEED = 8, 77
OFTEN = 4  # where models are looked at, each held-out one counts so often among the other cut-outs


def held_out_clips(pool, count, side):
    """-> (frames [count, T, 3, side, side] float, masks [count, T, 1, side, side] bool) of the largest object of each clip."""
    return held_out(clips.SyntheticClips(pool, "val"), count, FRAMES, side)


def held_out_regions(pool, count, side):
    """-> the same for single photographs and the largest of up to three of their regions"""
    return held_out(clips.NaturalClips(pool, "val"), count, 1, side)


def held_out_models(pool, count, side, whole=0.):
    """-> the same for single scenes, most of whose things are pictures of models; whole: [Note: one whole thing] in scenes.py"""
    return held_out(clips.SyntheticClips(pool, "val", models=OFTEN, whole=whole), count, 1, side)


def held_out(source, count, frames, side):
    pixels, ids = source.batch(np.random.default_rng(SEED), count, frames, side)
    largest = np.stack([np.bincount(i[0].ravel(), minlength=4)[1:4].argmax() + 1 for i in ids])
    masks = ids == largest[:, None, None, None]
    return torch.from_numpy(pixels).permute(0, 1, 4, 2, 3).float(), torch.from_numpy(masks)[:, :, None]


@torch.no_grad()
def validate_pictures(model, pictures, side):
    """-> text: mean J of the largest thing in single pictures after one click, of the mask that is chosen and of the best of three"""
    set_size(model, side)
    torch.manual_seed(SEED)
    unroll, choices = Unroll(model), []
    for i in range(0, len(pictures[0]), 8):
        frames, masks = resized(pictures[0][i:i + 8], side), (resized(pictures[1][i:i + 8], side) > .5).transpose(0, 1)
        unroll(unroll.features(normalised(frames)), masks, 1, "inner",
               on_frame=lambda t, raw, weight: choices.append(choice_among(raw, masks[0])))
    unroll.close()
    chosen, best = torch.cat(choices, 1).mean(1).tolist()
    return f"single pictures: J0 {chosen:.3f}, the best of three {best:.3f}"


def resized(x, side):
    return F.interpolate(x.flatten(0, 1).float(), (side, side), mode="area").view(*x.shape[:3], side, side)


def jaccard(a, b):
    """[T, N, 1, H, W] bool -> [T, N]; two empty masks agree."""
    inter, union = (a & b).flatten(2).sum(-1).float(), (a | b).flatten(2).sum(-1).float()
    return torch.where(union > 0, inter / union.clamp(min=1), torch.ones_like(union))


def choice_among(raw, mask):
    """raw: what the decoder gave (masks' logits [N, M, h, w], IoU guesses [N, M], ...); mask [N, 1, S, S] bool
    -> [2, N]: J of the mask that the guesses choose, and of the best; between them lies what better guesses would give."""
    logits = F.interpolate(raw[0], mask.shape[-2:], mode="bilinear", align_corners=False)
    real = iou(logits, mask.float().expand_as(logits))
    return torch.stack([real.gather(1, raw[1].argmax(1, keepdim=True))[:, 0], real.max(1).values])


@torch.no_grad()
def validate(model, held_out, side):
    """-> text: mean J of the first frame and of the rest, by prompt; how often hidden and visible are told apart; and what
    the choice among the first masks costs."""
    set_size(model, side)
    torch.manual_seed(SEED)  # the same clicks for every state; a training step seeds itself
    unroll, text, choices = Unroll(model), [], []
    for prompt in ("inner", "mask"):
        first, rest, told = [], [], []
        for i in range(0, len(held_out[0]), 8):
            frames, masks = resized(held_out[0][i:i + 8], side), resized(held_out[1][i:i + 8], side) > .5
            masks = masks.transpose(0, 1)
            choose = lambda t, raw, weight: choices.append(choice_among(raw, masks[0])) if t == 0 else None
            predicted = unroll(unroll.features(normalised(frames)), masks, 1, prompt, on_frame=choose)
            j = jaccard(predicted, masks)
            first.append(j[0])
            rest.append(j[1:].mean(0))
            seen, guessed = masks[1:].flatten(2).any(-1), predicted[1:].flatten(2).any(-1)
            told.append(torch.stack([(guessed & seen).sum(), seen.sum(), (~guessed & ~seen).sum(), (~seen).sum()]))
        a, b, c, d = torch.stack(told).sum(0).tolist()
        text.append(f"{prompt}: J0 {torch.cat(first).mean():.3f} Jtrack {torch.cat(rest).mean():.3f} visible {a}/{b} hidden {c}/{d}")
    unroll.close()
    text.append("first mask: chosen {:.3f}, best {:.3f}".format(*torch.cat(choices, 1).mean(1).tolist()))
    return "; ".join(text)
