"""The official training losses of one frame: focal 20, dice 1, IoU L1 1, object score 1; and one of our own, `regret`.
Runs in Python, on tensors."""
import torch
import torch.nn.functional as F

FOCAL_WEIGHT, FOCAL_ALPHA = 20., .25  # upstream's sam2.1_hiera_b+_MOSE_finetune.yaml; gamma is 2
CHOICE_SPREAD = .05  # difference of two IoU guesses at which the better one is chosen e times as often; our own guess, not tuned


def focal(logits, target, ce):
    """-> [N, M], mean over pixels."""
    p = logits.sigmoid()
    p_true = p * target + (1 - p) * (1 - target)
    return ((FOCAL_ALPHA * target + (1 - FOCAL_ALPHA) * (1 - target)) * ce * (1 - p_true) ** 2).flatten(2).mean(-1)


def dice(logits, target):
    """-> [N, M], 0 is perfect; 1 is added so that an empty mask is defined."""
    p = logits.sigmoid()
    overlap = 2 * (p * target).flatten(2).sum(-1)
    return 1 - (overlap + 1) / (p.flatten(2).sum(-1) + target.flatten(2).sum(-1) + 1)


def iou(logits, target):
    """-> [N, M] intersection over union of the masks cut at 0."""
    a, b = logits.flatten(2) > 0, target.flatten(2) > .5
    return (a & b).sum(-1) / (a | b).sum(-1).clamp(min=1)


def regret(iou_guess, real):
    """iou_guess, real [N, M], 0 to 1 -> [N], 0 to 1: what the choice among M masks costs, the best real IoU minus that of the mask that is chosen, where the
    choice is softened so that it has a gradient. The L1 loss asks only for the size of each guess, not for their order."""
    chance = (iou_guess / CHOICE_SPREAD).softmax(1)
    return (chance * (real.max(1, keepdim=True).values - real)).sum(1)


def frame_loss(logits, iou_guess, score, target, bce_weight=0., choice_weight=0.):
    """logits [N, M, h, w] before the object-score gate, iou_guess [N, M], score [N, 1] logit, target [N, 1, h, w] 0/1.

    Only the best of the M masks is trained, every IoU guess is; frames where the object is hidden train the score only.
    choice_weight: of `regret`, 0 is upstream's loss.
    -> (loss, {name: value}, mean IoU of the mask that the network would choose)
    """
    target_m = target.expand_as(logits)
    ce = F.binary_cross_entropy_with_logits(logits, target_m, reduction="none")
    pixel = focal(logits, target_m, ce) + bce_weight / FOCAL_WEIGHT * ce.flatten(2).mean(-1)
    region = dice(logits, target_m)
    visible = (target.flatten(1).sum(1) > 0).float()
    share = visible / visible.sum().clamp(min=1)
    with torch.no_grad():
        real = iou(logits, target_m)
        best = (FOCAL_WEIGHT * pixel + region).argmin(1, keepdim=True)
        chosen = real.gather(1, iou_guess.argmax(1, keepdim=True))[:, 0]
    parts = dict(
        mask=(pixel.gather(1, best)[:, 0] * share).sum(),
        dice=(region.gather(1, best)[:, 0] * share).sum(),
        iou=((iou_guess - real).abs().mean(1) * share).sum(),
        score=F.binary_cross_entropy_with_logits(score[:, 0], visible),
    )
    loss = FOCAL_WEIGHT * parts["mask"] + parts["dice"] + parts["iou"] + parts["score"]
    if choice_weight:
        parts["regret"] = (regret(iou_guess, real) * share).sum()
        loss = loss + choice_weight * parts["regret"]
    return loss, {k: v.detach() for k, v in parts.items()}, (chosen * share).sum()
