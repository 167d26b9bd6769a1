"""Held-out synthetic clips (their sprites, shapes and photographs are never trained on) and the score on them. Runs in Python."""
import numpy as np
import torch
import torch.nn.functional as F

import clips
from losses import iou
from network import normalised, set_size
from unroll import Unroll

FRAMES, SIDE, SEED = 8, 256, 77


def held_out_clips(pool, count):
    """-> (frames [count, T, 3, S, S] float, masks [count, T, 1, S, S] bool) of the largest object of each clip."""
    source = clips.SyntheticClips(pool, "val")
    pixels, ids = source.batch(np.random.default_rng(SEED), count, FRAMES, SIDE)
    largest = np.stack([np.bincount(i[0].ravel(), minlength=4)[1:4].argmax() + 1 for i in ids])
    masks = ids == largest[:, None, None, None]
    return torch.from_numpy(pixels).permute(0, 1, 4, 2, 3).float(), torch.from_numpy(masks)[:, :, None]


def resized(x, side):
    return F.interpolate(x.flatten(0, 1).float(), (side, side), mode="area").view(*x.shape[:3], side, side)


def jaccard(a, b):
    """[T, N, 1, H, W] bool -> [T, N]; two empty masks agree."""
    inter, union = (a & b).flatten(2).sum(-1).float(), (a | b).flatten(2).sum(-1).float()
    return torch.where(union > 0, inter / union.clamp(min=1), torch.ones_like(union))


@torch.no_grad()
def first_mask_choice(model, held_out, side):
    """-> (J of the mask that is chosen after one click, J of the best of the decoder's masks): the difference is what
    better IoU guesses would give. On whole clips' first frames, logits compared at the decoder's own size."""
    set_size(model, side)
    unroll, chosen, best = Unroll(model), [], []
    for i in range(0, len(held_out[0]), 8):
        frames, masks = resized(held_out[0][i:i + 8, :1], side), resized(held_out[1][i:i + 8, :1], side) > .5
        masks = masks.transpose(0, 1)
        unroll(unroll.features(normalised(frames)), masks, 1, "inner")
        logits, guess = unroll.raw[:2]
        real = iou(F.interpolate(logits, (side, side), mode="bilinear", align_corners=False), masks[0].float().expand(-1, logits.shape[1], -1, -1))
        chosen.append(real.gather(1, guess.argmax(1, keepdim=True))[:, 0])
        best.append(real.max(1).values)
    unroll.close()
    return torch.cat(chosen).mean().item(), torch.cat(best).mean().item()


@torch.no_grad()
def validate(model, held_out, side):
    """-> text: mean J of the first frame and of the rest, by prompt; how often hidden and visible are told apart; and what
    the choice among the first masks costs."""
    set_size(model, side)
    unroll, text = Unroll(model), []
    for prompt in ("inner", "mask"):
        first, rest, told = [], [], []
        for i in range(0, len(held_out[0]), 8):
            frames, masks = resized(held_out[0][i:i + 8], side), resized(held_out[1][i:i + 8], side) > .5
            masks = masks.transpose(0, 1)
            predicted = unroll(unroll.features(normalised(frames)), masks, 1, prompt)
            j = jaccard(predicted, masks)
            first.append(j[0])
            rest.append(j[1:].mean(0))
            seen, guessed = masks[1:].flatten(2).any(-1), predicted[1:].flatten(2).any(-1)
            told.append(torch.stack([(guessed & seen).sum(), seen.sum(), (~guessed & ~seen).sum(), (~seen).sum()]))
        a, b, c, d = torch.stack(told).sum(0).tolist()
        text.append(f"{prompt}: J0 {torch.cat(first).mean():.3f} Jtrack {torch.cat(rest).mean():.3f} visible {a}/{b} hidden {c}/{d}")
    unroll.close()
    text.append("first mask: chosen {:.3f}, best {:.3f}".format(*first_mask_choice(model, held_out, side)))
    return "; ".join(text)
