"""Where training clips come from: synthetic scenes, or folders of real frames with masks. Runs in Python.

A source has batch(rng, clips, frames, side) -> (pixels [B, T, H, H, 3] uint8, ids [B, T, H, H] uint8; 0 background, 1..3 objects).
"""
import cv2
import numpy as np

import folders
import raster
import regions
import renders
import scenes
import textures

LEAST_AREA = .003  # of the frame: the largest object of a clip covers at least this on its first frame
LEAST_MARKED = .0005  # of the first frame of a real clip: its objects cover more than this, or another one is drawn
MOST_TRIES = 100
LATER = 5  # regions are stored the clearest first; by so many places chance moves one back
MOVING, MOST_MOVING = .6, .15  # chance of a photograph's region to move, and the largest that does, of the picture


class Clips:
    """Batches of clips; who draws them says how."""

    def batch(self, rng, clips, frames, side):
        made = [self.clip(rng, frames, side) for _ in range(clips)]
        return np.stack([m[0] for m in made]), np.stack([m[1] for m in made])


class DrawnClips(Clips):
    """Clips that are drawn again until an object is large enough on the first frame."""

    def __init__(self, **look):
        """look: see scenes.Director"""
        self.look = look

    def clip(self, rng, frames, side):
        least = LEAST_AREA * side * side * (self.look.get("smallest", scenes.SMALLEST) / scenes.SMALLEST) ** 2
        while True:
            pixels, ids = self.drawn(rng, frames, side)
            if np.bincount(ids[0].ravel(), minlength=4)[1:4].max() >= least:
                return pixels, ids


class SyntheticClips(DrawnClips):
    """Renders scenes of the pool on demand; the same generator state gives the same clips."""

    def __init__(self, pool, split, cuts=False, models=0, turning=False, **look):
        """cuts: regions of photographs are among the cut-outs (training split); models: how often each picture of a model
        counts among them, [Note: where a thing ends] in renders.py; turning: models seen from views that go on are, too"""
        super().__init__(**look)
        self.cuts, self.backgrounds = textures.load_pool(pool, split)
        if cuts:
            self.cuts = Joined(self.cuts, regions.load_cuts(pool))
        self.models = models and len(self.cuts)
        for _ in range(models):
            self.cuts = Joined(self.cuts, renders.load_renders(pool, split))
        self.still = len(self.cuts)
        if turning:
            self.cuts = Joined(self.cuts, renders.load_renders(pool, split, "turns"))

    def drawn(self, rng, frames, side):
        scene = scenes.make_scene(rng, frames, len(self.cuts), len(self.backgrounds), models=self.models, turning=(self.still, renders.TURNS), **self.look)
        return raster.draw(scene, self.cuts, self.backgrounds, side)


class NaturalClips(DrawnClips):
    """Photographs under a moving camera, whose own regions are the objects; some go ways of their own.
    [Note: what pasted cut-outs don't teach] in regions.py."""

    def __init__(self, pool, split, covered=False, **look):
        """covered: regions that stay where they are in the picture are hidden as often as those that move"""
        super().__init__(**look)
        self.covered = covered
        self.cuts, _ = textures.load_pool(pool, split)
        self.pictures, self.regions = regions.load_regions(pool, split)

    def things(self, rng, index):
        """-> [[S, S] bool]: up to three regions of a picture that don't share pixels, rather the clear ones"""
        found, side = [], self.pictures.shape[1]
        for k in np.argsort(np.arange(regions.MOST) + rng.exponential(LATER, regions.MOST)):
            region = np.unpackbits(self.regions[index, k]).reshape(side, side).astype(bool)
            if region.any() and not any((region & other).any() for other in found):
                found.append(region)
        return found[:3]

    def drawn(self, rng, frames, side):
        index = int(rng.integers(len(self.pictures)))
        picture, labels, parts, resting, cuts = np.array(self.pictures[index]), np.zeros(self.pictures.shape[1:3], np.uint8), [], [], []
        for number, thing in enumerate(self.things(rng, index), 1):
            if frames > 1 and rng.random() < MOVING and thing.mean() < MOST_MOVING:
                cut, centre, half = regions.lifted(picture, thing)
                parts.append(scenes.Part(len(self.cuts) + len(cuts), centre, half, number))
                cuts.append(cut)
                picture = regions.without(picture, thing)
            else:
                labels[thing] = number
                resting.append(scenes.Part(-1, *regions.place(thing), number))
        scene = scenes.make_view(rng, frames, len(self.cuts), parts, resting if self.covered else (), **self.look)
        return raster.draw(scene, Joined(self.cuts, cuts), [picture], side, labels)


class Joined:
    """Two sequences as one."""

    def __init__(self, first, second):
        self.first, self.second = first, second

    def __len__(self):
        return len(self.first) + len(self.second)

    def __getitem__(self, index):
        return self.first[index] if index < len(self.first) else self.second[index - len(self.first)]


class ExtraClips(Clips):
    """Real frames with masks from folders (see folders.py), cropped, flipped and relit at random."""

    def __init__(self, roots, cuts=()):
        """cuts: cut-outs that pass before the objects, in as many clips as `look` says; real clips seldom hide anything"""
        self.clips = [clip for root in roots for clip in folders.open_folder(root)]
        self.cuts, self.look = cuts, dict(hide=scenes.HIDE)

    def clip(self, rng, frames, side):
        for _ in range(MOST_TRIES):
            clip = self.clips[rng.integers(len(self.clips))]
            start, stride = int(rng.integers(len(clip))), int(rng.integers(1, 4))
            values = [v for v in np.unique(clip.labels(start)) if v > 0]
            rng.shuffle(values)
            if not values:
                continue
            look = Look(rng)
            made = [look(clip.picture(t), clip.labels(t), values[:3], side) for t in bounced(start, stride, frames, len(clip))]
            pixels, ids = np.stack([m[0] for m in made]), np.stack([m[1] for m in made])
            if len(self.cuts) and frames > 2:
                pixels, ids = self.covered(rng, pixels, ids)
            if np.isin(ids[0], range(1, raster.FIRST_OTHER)).mean() > LEAST_MARKED:
                return pixels, ids
        raise ValueError("extra clips: no frame with a visible mask was found")

    def covered(self, rng, pixels, ids):
        """[T, side, side, 3], [T, side, side] -> the same with something before some of the objects for a while"""
        director = scenes.Director(rng, len(ids), len(self.cuts), 1, self.look["hide"])
        hidden = [number for number in np.unique(ids[0]) if number and rng.random() < director.hiding]
        paths = [path_of(ids == number) for number in hidden]
        for number, target in enumerate(paths, raster.FIRST_OTHER):
            pixels = self.passed(pixels, ids, director.veil(target), number)
        return pixels, ids

    def passed(self, pixels, ids, layer, number):
        """-> pixels with a layer before them; `ids` in place"""
        cut, other = raster.shrunk(np.asarray(self.cuts[layer.texture]), layer.halvings), self.cuts[layer.other_side]
        frames, camera = pixels.astype(np.float32), np.repeat(np.eye(3)[None], len(ids), 0)
        for t, frame in enumerate(frames):
            raster.draw_layer(frame, ids[t], layer, cut, other, camera, t, number)
        return frames.astype(np.uint8)


def path_of(masks):
    """[T, side, side] bool, not empty on the first frame -> Target whose path is that of the mask's box; it waits where the
    mask is empty"""
    places = [regions.place(mask) if mask.any() else None for mask in masks]
    for t in range(1, len(places)):
        places[t] = places[t] or places[t - 1]
    x, y = np.array([centre for centre, _ in places]).T
    half = np.full(len(x), max(half for _, half in places))
    return scenes.Target(-1, half[0], np.array([x[0], y[0]]), scenes.placement(x, y, np.zeros(len(x)), half, half))


def bounced(start, stride, frames, length):
    """Frame numbers start, start + stride, ... that turn round at the ends of the clip."""
    period = max(1, 2 * (length - 1))
    steps = [(start + stride * t) % period for t in range(frames)]
    return [min(s, period - s) if length > 1 else 0 for s in steps]


class Look:
    """One clip's crop, mirror image and light; the same for all of its frames."""

    def __init__(self, rng):
        self.part = rng.uniform(.75, 1, 2)
        self.corner = rng.uniform(0, 1, 2)
        self.mirror = rng.random() < .5
        self.gain = np.exp(rng.normal(0, .12, 3)).astype(np.float32)

    def __call__(self, picture, labels, values, side):
        """-> (pixels [side, side, 3] uint8, ids [side, side] uint8)"""
        ids = np.zeros(labels.shape, np.uint8)
        for i, value in enumerate(values, 1):
            ids[labels == value] = i
        ids = cv2.resize(ids, picture.shape[1::-1], interpolation=cv2.INTER_NEAREST)
        size = np.maximum(1, (np.array(ids.shape) * self.part).astype(int))
        y, x = ((np.array(ids.shape) - size) * self.corner).astype(int)
        cut = lambda image, how: cv2.resize(image[y:y + size[0], x:x + size[1]], (side, side), interpolation=how)
        pixels, ids = cut(picture, cv2.INTER_AREA) * self.gain, cut(ids, cv2.INTER_NEAREST)
        pixels = np.clip(pixels, 0, 255).astype(np.uint8)
        return (pixels[:, ::-1], ids[:, ::-1]) if self.mirror else (pixels, ids)
