"""Region similarity J and boundary accuracy F of one object, as DAVIS 2017 defines them. Runs in Python.

Perazzi et al., "A Benchmark Dataset and Evaluation Methodology for Video Object Segmentation", 2016.
Written from the definitions; the official implementation was not copied.
"""
import cv2
import numpy as np

BOUNDARY_TOLERANCE = .008  # of the picture's diagonal


def region_similarity(mask, truth):
    """bool [H, W] x2 -> intersection over union; two empty masks agree."""
    union = (mask | truth).sum()
    return 1. if union == 0 else float((mask & truth).sum() / union)


def boundary(mask):
    """bool [H, W] -> one-pixel edge map: a pixel that differs from its right, lower or lower right neighbour."""
    east, south, both = np.zeros_like(mask), np.zeros_like(mask), np.zeros_like(mask)
    east[:, :-1] = mask[:, 1:]
    south[:-1] = mask[1:]
    both[:-1, :-1] = mask[1:, 1:]
    edge = (mask ^ east) | (mask ^ south) | (mask ^ both)
    edge[-1] = mask[-1] ^ east[-1]
    edge[:, -1] = mask[:, -1] ^ south[:, -1]
    edge[-1, -1] = False
    return edge


def disk(radius):
    y, x = np.mgrid[-radius:radius + 1, -radius:radius + 1]
    return (x * x + y * y <= radius * radius).astype(np.uint8)


def boundary_accuracy(mask, truth):
    """bool [H, W] x2 -> F of the edges, matched within ceil(0.008 * diagonal) pixels."""
    kernel = disk(int(np.ceil(BOUNDARY_TOLERANCE * np.hypot(*mask.shape))))
    a, b = boundary(mask), boundary(truth)
    if not a.any() or not b.any():
        return float(a.any() == b.any())
    near = lambda edge: cv2.dilate(edge.astype(np.uint8), kernel).astype(bool)
    precision = (a & near(b)).sum() / a.sum()
    recall = (b & near(a)).sum() / b.sum()
    return 0. if precision + recall == 0 else float(2 * precision * recall / (precision + recall))


def sequence_scores(predicted, truth, first, last):
    """{frame: mask} x2 -> dict(J, F, JF, frames) over the true masks strictly between frames `first` and `last`."""
    frames = [t for t in sorted(truth) if first < t < last and t in predicted]
    if not frames:
        return None
    j = float(np.mean([region_similarity(predicted[t], truth[t]) for t in frames]))
    f = float(np.mean([boundary_accuracy(predicted[t], truth[t]) for t in frames]))
    return dict(J=j, F=f, JF=(j + f) / 2, frames=len(frames))


def visibility(predicted, truth, first):
    """-> how many frames after `first` show the object and are predicted non-empty, and the same for hidden ones."""
    frames = [t for t in truth if t > first and t in predicted]
    seen = [t for t in frames if truth[t].any()]
    hidden = [t for t in frames if not truth[t].any()]
    return dict(visible=(sum(bool(predicted[t].any()) for t in seen), len(seen)),
                hidden=(sum(not predicted[t].any() for t in hidden), len(hidden)))
