"""Runs the official per-frame steps over a batch of clips with memory, as the video predictor does. Runs in Python.

Shapes: B clips of T frames, O objects each, N = B*O; H pixels a side.
"""
import random

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from sam2.modeling.sam2_utils import sample_box_points, sample_random_points_from_errors

from losses import frame_loss
from raster import FIRST_OTHER

CLIP_LENGTH = 1000  # frames; pointer positions depend on it only where a clip is shorter than 16
CORRECTION_WEIGHT = .7
LONGEST_PAUSE = 16  # frames; upstream reads 16 pointers


def pick_objects(ids, count, anything=False):
    """ids [B, T, H, W] uint8 (0 is background) -> masks [T, B*count, 1, H, W] bool.

    Takes things that show on the first frame, at random; repeats one where a clip has fewer. Objects are
    1..3; with `anything`, bystanders and occluders are taken too.
    """
    most = max(count, int(ids.max())) if anything else FIRST_OTHER - 1
    area = torch.stack([(ids[:, 0] == o).flatten(1).sum(1) for o in range(1, most + 1)], 1).float()
    usable = area > .002 * ids.shape[-1] ** 2
    order = (torch.rand(len(ids), most) + usable + 1e-3 * (area > 0)).argsort(1, descending=True)[:, :count]
    order = torch.where(usable.gather(1, order), order, order[:, :1].expand_as(order))
    masks = ids[:, None] == (order + 1)[:, :, None, None, None]
    return masks.flatten(0, 1).transpose(0, 1)[:, :, None]


def inner_click(mask):
    """mask [N, 1, H, W] -> the most interior point, a little at random: the largest distance to the edge (the frame's
    edge too), times 0.8 to 1."""
    side = mask.shape[-1]
    edged = F.pad(mask[:, 0].byte(), (1, 1, 1, 1)).numpy()
    depth = torch.from_numpy(np.stack([cv2.distanceTransform(m, cv2.DIST_L2, 3) for m in edged]))[:, 1:-1, 1:-1]
    at = (depth * (.8 + .2 * torch.rand_like(depth))).flatten(1).argmax(1)
    return dict(point_coords=torch.stack([at % side, at // side], 1)[:, None].float(),
                point_labels=torch.ones(len(at), 1, dtype=torch.int32))


def random_click(mask):
    coords, labels = sample_random_points_from_errors(mask, None)
    return dict(point_coords=coords, point_labels=labels)


def noisy_box(mask):
    coords, labels = sample_box_points(mask, noise=.1, noise_bound=max(1, mask.shape[-1] // 50))
    return dict(point_coords=coords, point_labels=labels)


def first_prompt(kind, mask):
    """-> (points or None, mask prompt or None)"""
    if kind == "mask":
        return None, mask.float()
    if kind == "box":
        return noisy_box(mask), None
    inner = kind == "inner" or random.random() < .5
    return (inner_click(mask) if inner else random_click(mask)), None


def with_correction(points, mask, predicted):
    """Adds one click where the prediction is wrong (positive or negative), as a person would."""
    coords, labels = sample_random_points_from_errors(mask, predicted)
    if points is None:
        return dict(point_coords=coords, point_labels=labels)
    return dict(point_coords=torch.cat([points["point_coords"], coords], 1),
                point_labels=torch.cat([points["point_labels"], labels], 1))


def choose_pause(masks, chance):
    """masks [T, N, 1, H, W] bool -> (frame, copies): the clip stands still there for so many frames more, or (0, 0).

    [Note: long absences] A person's object may be away for seconds. By then the six recent memories and most pointers
    say "not here", and only the prompted frame knows the object. Clips of 4 or 8 frames never come to that, so
    a network trained on them alone doesn't find again what returns. A frame that stands still costs nothing: its
    memory is read several times.
    """
    T = len(masks)
    if T < 3 or random.random() >= chance:
        return 0, 0
    away = (~masks.flatten(2).any(-1)).sum(1).tolist()
    frames = range(1, T - 1)
    return random.choices(frames, [1 + 5 * away[t] for t in frames])[0], random.randint(3, LONGEST_PAUSE)


class Unroll:
    """Holds a model, the raw decoder output of its latest frame (logits before the object-score gate) and the feature
    pyramid of its latest batch."""

    def __init__(self, model):
        self.model = model
        self.raw, self.maps = None, None
        self.hook = model.sam_mask_decoder.register_forward_hook(lambda module, args, out: setattr(self, "raw", out))

    def close(self):
        self.hook.remove()

    def encoded(self, frames):
        """[B, T, 3, H, W] -> (maps, codes): three levels each [B*T, C, h, w], fine to coarse."""
        out = self.model.image_encoder(frames.flatten(0, 1))
        self.maps = out["backbone_fpn"]
        return self.maps, out["vision_pos_enc"]

    def features(self, frames):
        """[B, T, 3, H, W] -> upstream's (features, position codes, sizes), batch index b*T + t."""
        return self.prepared(*self.encoded(frames))

    def prepared(self, maps, codes):
        """What upstream's forward_image does after the image encoder: the decoder's own projections of the fine maps.
        maps and codes: three levels [n, C, h, w], fine to coarse."""
        decoder = self.model.sam_mask_decoder
        maps = [decoder.conv_s0(maps[0]), decoder.conv_s1(maps[1]), maps[2]]
        return self.model._prepare_backbone_features(dict(backbone_fpn=maps, vision_pos_enc=codes))[1:]

    def correct(self, state, mask, points, is_first):
        """One more click on the current frame -> (heads, points)"""
        heads, pixels, high_res = state
        points = with_correction(points, mask, heads[4] > 0)
        heads = self.model._forward_sam_heads(
            backbone_features=pixels, point_inputs=points, mask_inputs=heads[3].clamp(-32, 32),
            high_res_features=high_res, multimask_output=self.model._use_multimask(is_first, points))
        return heads, points

    def __call__(self, features, masks, objects, prompt, corrections=0, late_click=0., gap=0, pause=(0, 0), burn=0, on_frame=None):
        """features: see `features`; masks [T, N, 1, H, W] bool. `gap` frames are pretended between the first
        frame and the rest; pause: see `choose_pause`; burn: so many frames after the first keep no gradients.
        on_frame(t, raw, weight) is called for every decoder pass that may be trained.

        [Note: how a track ages] A small error of a mask goes into the memory and comes back larger. Clips of
        4 or 8 frames end before it has grown, so a network that is trained on them alone drifts. Following a frame
        without teaching costs a third, and then the frames that are taught start from what the network itself has
        made of the track.

        -> predicted masks [T, N, 1, H, W] bool
        """
        model = self.model
        features, codes, sizes = features
        T = len(masks)
        B = features[0].shape[1] // T
        bank = dict(cond_frame_outputs={}, non_cond_frame_outputs={})
        predicted = []
        taught = torch.is_grad_enabled()
        for t in range(T):
            learns = not 1 <= t <= burn
            torch.set_grad_enabled(taught and learns)
            frame_index = t + (gap if t > 0 else 0) + (pause[1] if t > pause[0] else 0)
            at = torch.arange(B).repeat_interleave(objects) * T + t
            feats, pos = [x[:, at] for x in features], [x[:, at] for x in codes]
            points, mask_prompt = first_prompt(prompt, masks[0]) if t == 0 else (None, None)
            current, heads, high_res, pixels = model._track_step(
                frame_index, t == 0, feats, pos, sizes, points, mask_prompt, bank, CLIP_LENGTH, False, None)
            if on_frame and learns and mask_prompt is None:
                on_frame(t, self.raw, 1.)
            clicks = corrections if t == 0 and mask_prompt is None else int(t > 0 and random.random() < late_click)
            for _ in range(clicks):
                heads, points = self.correct((heads, pixels, high_res), masks[t], points, t == 0)
                if on_frame and learns:
                    on_frame(t, self.raw, CORRECTION_WEIGHT)
            current["pred_masks"], current["pred_masks_high_res"], current["obj_ptr"] = heads[3], heads[4], heads[5]
            predicted.append(heads[4] > 0)
            if t < T - 1:
                model._encode_memory_in_output(feats, sizes, points, True, heads[4], heads[6], current)
            kind = "cond_frame_outputs" if t == 0 or clicks else "non_cond_frame_outputs"
            bank[kind][frame_index] = current
            if t > 0 and t == pause[0]:
                bank["non_cond_frame_outputs"].update((frame_index + copy, current) for copy in range(1, pause[1] + 1))
        return torch.stack(predicted)


class ClipLoss:
    """Collects the losses of one unrolled clip; masks are compared on a grid of half the input size."""

    def __init__(self, masks, bce_weight, choice_weight=0.):
        self.side = max(64, masks.shape[-1] // 2)
        pooled = F.adaptive_avg_pool2d(masks.flatten(0, 1).float(), self.side)
        self.target = (pooled > .5).float().view(*masks.shape[:2], 1, self.side, self.side)
        self.bce_weight, self.choice_weight = bce_weight, choice_weight
        self.total, self.weight, self.parts, self.ious = 0., 0., {}, []

    def __call__(self, t, raw, weight):
        logits, iou_guess, _, score = raw
        grid = F.interpolate(logits.float(), (self.side, self.side), mode="bilinear", align_corners=False)
        loss, parts, chosen = frame_loss(grid, iou_guess.float(), score.float(), self.target[t], self.bce_weight, self.choice_weight)
        self.total = self.total + weight * loss
        self.weight += weight
        for k, v in parts.items():
            self.parts[k] = self.parts.get(k, 0.) + weight * v
        self.ious.append(chosen)

    @property
    def mean(self):
        return self.total / self.weight
