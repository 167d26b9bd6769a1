"""Teaches the image encoder which pixels belong together: many clicks a picture at the price of a product. Runs in Python, on tensors.

The projections are thrown away after training. What they add up to, fine features plus coarse ones and the similarity
of the sum to what was clicked, is what upstream's mask decoder computes, so the decoder finds it prepared.
"""
import torch
import torch.nn as nn
import torch.nn.functional as F

from network import place_and_content

CODE = 32  # channels of a pixel's code
CLICKS = 12  # pixels a frame
COARSE_SHARE = .5


def sampled_clicks(ids, count):
    """ids [B, n] -> positions [B, count], each thing of a picture as likely as any other"""
    flat = ids.long()
    area = F.one_hot(flat, int(flat.max()) + 1).sum(1).clamp(min=1)
    return torch.multinomial(1 / area.gather(1, flat).float(), count, replacement=True)


class Grouping(nn.Module):
    """width: channels of the feature pyramid; its levels have strides 4, 8 and 16."""

    def __init__(self, width):
        super().__init__()
        self.content = place_and_content(width)[1]
        self.codes = nn.ModuleList(nn.Conv2d(n, CODE, 1) for n in (width, width, len(self.content)))
        self.scale = nn.Parameter(torch.tensor(8.))
        self.level = nn.Parameter(torch.tensor(.5))

    def forward(self, maps, ids):
        """maps: three levels [B * T, width, h, w], fine to coarse; ids [B, T, H, W] -> loss.

        The coarsest level is also judged alone, because memory attention and the decoder's attention see no other. Of it
        only the content is taught: position codes are added to the other channels. [Note: a click sees what it is on]
        """
        maps = [*maps[:2], maps[2][:, self.content]]
        codes = [project(m) for project, m in zip(self.codes, maps)]
        size = codes[0].shape[-2:]
        code = sum(F.interpolate(c, size, mode="bilinear", align_corners=False) for c in codes)
        return self.compared(code, ids) + COARSE_SHARE * self.compared(codes[-1], ids)

    def compared(self, code, ids):
        """code [B * T, CODE, h, w] -> cross-entropy plus dice. The frames of a clip count as one large picture, so that
        a click also finds its object in the other frames."""
        small = F.interpolate(ids.float(), code.shape[-2:], mode="nearest").flatten(2).flatten(1)
        code = F.normalize(code.flatten(2), dim=1).unflatten(0, ids.shape[:2]).transpose(1, 2).flatten(2)
        clicks = sampled_clicks(small, CLICKS * ids.shape[1])
        clicked = code.gather(2, clicks[:, None].expand(-1, CODE, -1))
        logits = (clicked.mT @ code - self.level) * self.scale
        target = (small.gather(1, clicks)[:, :, None] == small[:, None]).float()
        p = logits.sigmoid()
        dice = 1 - (2 * (p * target).sum(-1) + 1) / (p.sum(-1) + target.sum(-1) + 1)
        return F.binary_cross_entropy_with_logits(logits, target) + dice.mean()
