"""Divides a photograph into regions whose outlines follow its edges, and tells which of them stand out. Runs in Python.

A picture is divided into some hundred small patches (Felzenszwalb and Huttenlocher, Efficient Graph-Based Image Segmentation,
2004), which are merged, most alike first, into a tree (Arbelaez et al., Contour Detection and Hierarchical Image
Segmentation, 2011; colour and texture histograms as in Uijlings et al., Selective Search, 2013). A region of the tree
that grows for long before it merges with its surroundings is mostly a thing or a part of one.
"""
import heapq

import cv2
import numpy as np
from skimage.segmentation import felzenszwalb

# These numbers and those of the filters below were chosen by looking at the regions of 24 photographs; none was learnt.
MOST = 16  # regions kept of a picture
LEAST_AREA, MOST_AREA = .003, .4  # of the picture
MOST_CUT = .2  # share of a region's outline that lies on the picture's edge
LEAST_STAY = .3  # share of the height of the merge that ends a region which the region outlasts
ALIKE = .75  # two regions of a larger IoU are one
SMALL_FIRST = .3  # exponent of the size in the order of merges
EDGE_SHARE, TEXTURE_SHARE = .7, .4  # beside the difference in colour


class Patches:
    """A picture's patches: sizes, histograms of colour and texture, and how strong the edges between them are."""

    def __init__(self, picture):
        smooth = cv2.bilateralFilter(picture, 7, 30, 5)
        self.labels = felzenszwalb(smooth, scale=80, sigma=.5, min_size=60)
        self.count = int(self.labels.max()) + 1
        lab = cv2.cvtColor(smooth, cv2.COLOR_RGB2LAB).astype(np.float32)
        slopes = [(cv2.Sobel(c, cv2.CV_32F, 1, 0), cv2.Sobel(c, cv2.CV_32F, 0, 1)) for c in cv2.split(cv2.GaussianBlur(lab, (0, 0), 1.2))]
        self.edge = np.sqrt(sum(x * x + y * y for x, y in slopes))
        self.sizes = np.bincount(self.labels.ravel(), minlength=self.count).astype(float)
        self.colour = np.concatenate([self.histogram(lab[..., c], 0, 255, 20) for c in range(3)], 1)
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
        fine = cv2.GaussianBlur(grey, (0, 0), 1) - cv2.GaussianBlur(grey, (0, 0), 3)
        self.texture = self.histogram(np.sqrt(cv2.GaussianBlur(fine * fine, (0, 0), 2)), 0, 24, 10)

    def histogram(self, values, low, high, bins):
        """-> [patches, bins], counts"""
        at = np.clip((values - low) / (high - low) * bins, 0, bins - 1).astype(int)
        return np.bincount(self.labels.ravel() * bins + at.ravel(), minlength=self.count * bins).reshape(self.count, bins).astype(float)

    def borders(self):
        """-> {(a, b) with a < b: [sum of edge strength, length]}"""
        found = {}
        for this, that, edge in ((self.labels[:, :-1], self.labels[:, 1:], np.maximum(self.edge[:, :-1], self.edge[:, 1:])),
                                 (self.labels[:-1], self.labels[1:], np.maximum(self.edge[:-1], self.edge[1:]))):
            at = this != that
            low, high = np.minimum(this[at], that[at]), np.maximum(this[at], that[at])
            keys, inverse = np.unique(low.astype(np.int64) * self.count + high, return_inverse=True)
            for key, strength, length in zip(keys, np.bincount(inverse, edge[at]), np.bincount(inverse)):
                sums = found.setdefault((int(key) // self.count, int(key) % self.count), np.zeros(2))
                sums += strength, length
        return found


class Tree:
    """Patches merged into ever larger regions. members[k]: patches of region k; height[k]: the difference at which it
    was made; end[k]: at which it was merged further."""

    def __init__(self, patches):
        self.sizes, self.colour, self.texture = list(patches.sizes), list(patches.colour), list(patches.texture)
        self.members = [(k,) for k in range(patches.count)]
        self.height, self.end = [0.] * patches.count, [np.inf] * patches.count
        self.neighbours = [{} for _ in range(patches.count)]
        self.heap, self.alive = [], set(range(patches.count))
        borders = patches.borders()
        self.usual = np.mean([s / n for s, n in borders.values()]) if borders else 1.
        for (a, b), sums in borders.items():
            self.connect(a, b, sums)
        self.merge_all()

    def difference(self, a, b, sums):
        shared = lambda which: np.minimum(which[a] / which[a].sum(), which[b] / which[b].sum()).sum()
        look = 1 - shared(self.colour) + TEXTURE_SHARE * (1 - shared(self.texture))
        edge = sums[0] / sums[1] / self.usual
        small = min(self.sizes[a], self.sizes[b]) / 1000
        return (look + EDGE_SHARE * edge) * small ** SMALL_FIRST

    def connect(self, a, b, sums):
        self.neighbours[a][b] = self.neighbours[b][a] = sums
        heapq.heappush(self.heap, (self.difference(a, b, sums), a, b))

    def merge_all(self):
        while self.heap:
            difference, a, b = heapq.heappop(self.heap)
            if a in self.alive and b in self.alive:
                self.merge(a, b, max(difference, self.height[a], self.height[b]))

    def merge(self, a, b, height):
        made = len(self.members)
        self.end[a] = self.end[b] = height
        self.members.append(self.members[a] + self.members[b])
        for kept in (self.sizes, self.colour, self.texture):
            kept.append(kept[a] + kept[b])
        self.height.append(height)
        self.end.append(np.inf)
        self.neighbours.append({})
        self.alive -= {a, b}
        self.alive.add(made)
        joint = {}
        for other, sums in [*self.neighbours[a].items(), *self.neighbours[b].items()]:
            if other in self.alive:
                joint[other] = joint.get(other, 0) + sums
        for other, sums in joint.items():
            self.connect(made, other, sums)

    @property
    def stay(self):
        """[regions] 0 to 1: how much of the height at which a region ends it has lasted"""
        height, end = np.array(self.height), np.array(self.end)
        merged = height[height > 0]
        least = np.median(merged) if len(merged) else 0  # patches, and what is merged at once, have no height of their own
        height = np.maximum(height, least)
        return np.where(np.isfinite(end), 1 - height / np.maximum(end, 1e-6), 0)


def on_edge(mask):
    """Share of a region's outline that lies on the picture's edge"""
    inside = mask[:, 1:] != mask[:, :-1], mask[1:] != mask[:-1]
    cut = mask[0].sum() + mask[-1].sum() + mask[:, 0].sum() + mask[:, -1].sum()
    return cut / max(1, cut + inside[0].sum() + inside[1].sum())


def regions_of(picture):
    """[S, S, 3] uint8 -> (masks [n, S, S] bool of at most MOST regions, the clearest first, how clear each is [n])"""
    patches = Patches(picture)
    tree = Tree(patches)
    stay, sizes = tree.stay, np.array(tree.sizes) / patches.labels.size
    fits = (sizes >= LEAST_AREA) & (sizes <= MOST_AREA) & (stay >= LEAST_STAY)
    masks, scores = [], []
    for k in sorted(np.flatnonzero(fits), key=lambda k: -stay[k]):
        inside = np.zeros(patches.count, bool)
        inside[list(tree.members[k])] = True
        mask = inside[patches.labels]
        if on_edge(mask) <= MOST_CUT and all(overlap(mask, other) < ALIKE for other in masks):
            masks.append(mask)
            scores.append(stay[k])
        if len(masks) == MOST:
            break
    return np.array(masks, bool).reshape(-1, *picture.shape[:2]), np.array(scores)


def overlap(a, b):
    return (a & b).sum() / max(1, (a | b).sum())
