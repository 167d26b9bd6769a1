"""Two short exercises without image content that a from-scratch SAM 2 needs before it learns from pictures. Runs in Python.

[Note: phase transition] On the real task a new network sits on an all-empty plateau: two clicks give the same logits.
Drawing the disc that a click names, with the encoder frozen, breaks it within about 150 steps (dice 0.90 -> 0.34).
The same holds for memory: a blob given as mask prompt must come back on an identical next frame.
"""
import random

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from network import normalised

FEATURE_LIFE = 40  # steps for which one batch of frozen features is reused
LEARNT_DICE = .55  # the transition has happened; the exercise ends `after` steps later


def grid_of(side):
    line = torch.arange(side)
    return line.view(1, side, 1), line.view(1, 1, side)


def disc_task(count, side):
    """-> (points, masks [count, 1, side, side], multimask)"""
    y, x = grid_of(side)
    c = torch.rand(count, 2) * side * .86 + side * .07
    masks = (x - c[:, :1, None]) ** 2 + (y - c[:, 1:, None]) ** 2 < (.16 * side) ** 2
    return dict(point_coords=c[:, None], point_labels=torch.ones(count, 1, dtype=torch.int32)), masks[:, None], True


def box_task(count, side):
    y, x = grid_of(side)
    c = torch.rand(count, 2) * side * .86 + side * .07
    half = torch.rand(count, 2) * .3 * side + .05 * side
    a, b = (c - half).clamp(0, side - 1), (c + half).clamp(0, side - 1)
    masks = (x >= a[:, :1, None]) & (x <= b[:, :1, None]) & (y >= a[:, 1:, None]) & (y <= b[:, 1:, None])
    labels = torch.tensor([[2, 3]], dtype=torch.int32).repeat(count, 1)
    return dict(point_coords=torch.stack([a, b], 1), point_labels=labels), masks[:, None], False


def blob_task(count, side):
    """-> ellipses [count, 1, side, side]"""
    y, x = grid_of(side)
    c = torch.rand(count, 2) * side * .8 + side * .1
    r = torch.rand(count, 2) * .2 * side + .06 * side
    return (((x - c[:, :1, None]) / r[:, :1, None]) ** 2 + ((y - c[:, 1:, None]) / r[:, 1:, None]) ** 2 < 1)[:, None]


def patchwork(rng, side):
    """A picture of cells in 2 to 5 colours, each used in many places -> (pixels [side, side, 3] uint8, colour numbers [side, side])"""
    cells, colours = rng.integers(6, 26), rng.integers(2, 6)
    seeds = rng.uniform(0, 32, (cells, 2))
    y, x = np.mgrid[0:32, 0:32]
    nearest = ((x[..., None] - seeds[:, 0]) ** 2 + (y[..., None] - seeds[:, 1]) ** 2).argmin(-1)
    number = np.repeat(np.repeat(rng.integers(0, colours, cells)[nearest], side // 32, 0), side // 32, 1)
    pixels = rng.uniform(0, 255, (colours, 3))[number] + rng.normal(0, 6, (side, side, 1))
    return np.clip(pixels, 0, 255).astype(np.uint8), number


def match_task(numbers):
    """numbers [count, side, side] -> a click somewhere and all that has its colour, near or far"""
    count, side, _ = numbers.shape
    at = torch.randint(side, (count, 2))
    clicked = numbers[torch.arange(count), at[:, 1], at[:, 0]]
    points = dict(point_coords=at[:, None].float(), point_labels=torch.ones(count, 1, dtype=torch.int32))
    return points, (numbers == clicked[:, None, None])[:, None]


def shape_loss(raw, masks):
    """-> (loss, mean dice loss)"""
    logits, iou_guess, _, score = raw
    target = (F.adaptive_avg_pool2d(masks.float(), logits.shape[-1]) > .5).float().expand_as(logits)
    p = logits.sigmoid()
    dice = (1 - (2 * (p * target).sum((2, 3)) + 1) / (p.sum((2, 3)) + target.sum((2, 3)) + 1)).mean()
    ce = F.binary_cross_entropy_with_logits(logits, target)
    return 3 * ce + dice + .1 * (iou_guess - .5).pow(2).mean() + .1 * F.softplus(-score).mean(), dice


class Exercise:
    """Shared loop: draws tasks, steps its own optimiser over the non-encoder weights, stops some steps after success."""

    def __init__(self, unroll, frames_of, lr, log):
        self.unroll, self.model, self.frames_of, self.lr, self.log = unroll, unroll.model, frames_of, lr, log
        self.encode = unroll.features

    def run(self, name, weights, forward, steps, after, reduce=None):
        optimiser = torch.optim.AdamW(weights, lr=self.lr, betas=(.9, .98), weight_decay=.01)
        learnt, recent, features = None, [], None
        for step in range(steps):
            if step % FEATURE_LIFE == 0:
                with torch.no_grad():
                    features = self.encode(normalised(self.frames_of(step)))
            for group in optimiser.param_groups:
                group["lr"] = self.lr * min(1, (step + 1) / 20) * (1 if learnt is None else .5)
            loss, dice = forward(features, learnt is not None)
            optimiser.zero_grad()
            loss.backward()
            if reduce:
                reduce(weights)
            nn.utils.clip_grad_norm_(weights, 1.)
            optimiser.step()
            recent.append(dice.item())
            if step % 30 == 29:
                value = float(np.mean(recent[-30:]))
                self.log(f"{name} {step + 1} dice {value:.3f}")
                learnt = step if learnt is None and value < LEARNT_DICE else learnt
            if learnt is not None and step > learnt + after:
                break
        self.model.zero_grad(set_to_none=True)

    def clicks(self, steps, count=24, after=180, reduce=None):
        """Click -> disc (later also box -> rectangle); decoder and prompt encoder only."""
        model, side = self.model, self.model.image_size
        weights = [p for n, p in model.named_parameters() if n.startswith("sam_") and "conv_s" not in n]

        def forward(features, learnt):
            points, masks, multimask = disc_task(count, side) if not learnt or random.random() < .6 else box_task(count, side)
            feats, _, sizes = features
            at = torch.randint(feats[0].shape[1], (count,))
            maps = [f[:, at].permute(1, 2, 0).unflatten(2, s) for f, s in zip(feats, sizes)]
            model._forward_sam_heads(maps[2] + model.no_mem_embed.view(1, -1, 1, 1), point_inputs=points,
                                     high_res_features=maps[:2], multimask_output=multimask)
            return shape_loss(self.unroll.raw, masks)
        self.run("warm-up clicks", weights, forward, steps, after, reduce)

    def matches(self, steps, count=24, after=250, reduce=None):
        """Click -> everything of the same colour. Discs teach where the click is, but not what is there: after them the
        mask tokens held nothing of the clicked colour (R2 of a linear fit 0.0, against 0.7 for the image features at the
        click), and masks stayed discs. Here the place says nothing, so the content has to get through."""
        model, side = self.model, self.model.image_size
        weights = [p for n, p in model.named_parameters() if n.startswith("sam_")]
        numbers = {}

        def frames_of(step):
            rng = np.random.default_rng([7, step])
            made = [patchwork(rng, side) for _ in range(4 * count)]
            numbers["now"] = torch.from_numpy(np.stack([m[1] for m in made]))
            return torch.from_numpy(np.stack([m[0] for m in made])).permute(0, 3, 1, 2)[:, None]

        def forward(features, learnt):
            feats, codes, sizes = features
            at = torch.randint(len(numbers["now"]), (count,))
            points, masks = match_task(numbers["now"][at])
            decoder = model.sam_mask_decoder
            maps = [decoder.conv_s0(feats[0][at]), decoder.conv_s1(feats[1][at]), feats[2][at]]
            model._forward_sam_heads(maps[2] + model.no_mem_embed.view(1, -1, 1, 1), point_inputs=points,
                                     high_res_features=maps[:2], multimask_output=True)
            return shape_loss(self.unroll.raw, masks)
        self.frames_of = frames_of
        self.encode = lambda frames: (model.image_encoder(frames.flatten(0, 1))["backbone_fpn"], None, None)
        self.run("warm-up matches", weights, forward, steps, after, reduce)

    def memory(self, steps, count=12, after=120, reduce=None):
        """Mask prompt -> memory -> the same frame again; everything but the encoder."""
        model, side = self.model, self.model.image_size
        weights = [p for n, p in model.named_parameters() if "image_encoder" not in n and "conv_s" not in n]

        def forward(features, learnt):
            feats, codes, sizes = features
            at = torch.randint(feats[0].shape[1], (count,))
            feats, codes = [f[:, at] for f in feats], [c[:, at] for c in codes]
            masks = blob_task(count, side)
            bank = dict(cond_frame_outputs={}, non_cond_frame_outputs={})
            current, heads, _, _ = model._track_step(0, True, feats, codes, sizes, None, masks.float(), bank, 1000, False, None)
            current["obj_ptr"] = heads[5]
            model._encode_memory_in_output(feats, sizes, None, True, heads[4], heads[6], current)
            bank["cond_frame_outputs"][0] = current
            model._track_step(random.randint(1, 9), False, feats, codes, sizes, None, None, bank, 1000, False, None)
            return shape_loss(self.unroll.raw, masks)
        self.run("warm-up memory", weights, forward, steps, after, reduce)
