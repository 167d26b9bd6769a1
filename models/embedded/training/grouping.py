"""Teaches the image encoder which pixels belong together: many clicks a picture at the price of a product. Runs in Python, on tensors.

The projections are thrown away after training. What they add up to, fine features plus coarse ones and the similarity
of the sum to what was clicked, is what upstream's mask decoder computes, so the decoder finds it prepared.
"""
import torch
import torch.nn as nn
import torch.nn.functional as F

CODE = 32  # channels of a pixel's code
CLICKS = 12  # pixels a picture


def sampled_clicks(ids, count):
    """ids [B, h, w] -> flat positions [B, count], each thing of a picture as likely as any other"""
    flat = ids.flatten(1).long()
    area = F.one_hot(flat, int(flat.max()) + 1).sum(1).clamp(min=1)
    return torch.multinomial(1 / area.gather(1, flat).float(), count, replacement=True)


class Grouping(nn.Module):
    """width: channels of the feature pyramid; its levels have strides 4, 8 and 16."""

    def __init__(self, width):
        super().__init__()
        self.codes = nn.ModuleList(nn.Conv2d(width, CODE, 1) for _ in range(3))
        self.scale = nn.Parameter(torch.tensor(8.))
        self.level = nn.Parameter(torch.tensor(.5))

    def forward(self, maps, ids):
        """maps: three levels [B, width, h, w], fine to coarse; ids [B, H, W] -> loss: cross-entropy plus dice"""
        size = maps[0].shape[-2:]
        code = sum(F.interpolate(project(m), size, mode="bilinear", align_corners=False) for project, m in zip(self.codes, maps))
        code = F.normalize(code.flatten(2), dim=1)
        small = F.interpolate(ids[:, None].float(), size, mode="nearest")[:, 0]
        clicks = sampled_clicks(small, CLICKS)
        clicked = code.gather(2, clicks[:, None].expand(-1, CODE, -1))
        logits = (clicked.mT @ code - self.level) * self.scale
        flat = small.flatten(1)
        target = (flat.gather(1, clicks)[:, :, None] == flat[:, None]).float()
        p = logits.sigmoid()
        dice = 1 - (2 * (p * target).sum(-1) + 1) / (p.sum(-1) + target.sum(-1) + 1)
        return F.binary_cross_entropy_with_logits(logits, target) + dice.mean()
