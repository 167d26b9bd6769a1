#!/usr/bin/env python3
"""Cut-outs and backgrounds for the scenes: photographs, sprites and procedural patterns, made once into a pool. Runs in Python.

    python textures.py --sources .cache/sources.npz --pool .cache/pool

A cut-out is RGBA, premultiplied, square; pictures here are float 0..255 until they are stored as uint8.
"""
import argparse
import multiprocessing
import os

import cv2
import numpy as np

import sources

SIDE, BACKGROUND_SIDE = 128, 384  # pixels
SHARED = {}  # sources of the pool being made, inherited by its worker processes


# --- patterns ---------------------------------------------------------------------------------------------------

def random_colour(rng):
    c = rng.uniform(0, 255, 3)
    grey = c.mean()
    return grey + (c - grey) * rng.uniform(.2, 1)


def coloured(rng, values, stops=None):
    """values 0..1 [H, W] -> RGB through a random colour ramp"""
    stops = stops or rng.integers(2, 6)
    at = np.sort(rng.uniform(0, 1, stops))
    at[0], at[-1] = 0, 1
    colours = np.stack([random_colour(rng) for _ in range(stops)])
    if rng.random() < .6:
        mean = colours.mean(0)
        colours = mean + (colours - mean) * rng.uniform(.15, .8)
    return np.stack([np.interp(values, at, colours[:, c]) for c in range(3)], -1)


def cloud(rng, side, slope=None):
    """1/f noise [side, side], mean 0, deviation 1; natural pictures have slopes near 1"""
    slope = rng.uniform(.8, 2.2) if slope is None else slope
    stretch = rng.uniform(.4, 1) if rng.random() < .4 else 1.
    r = np.hypot(np.fft.rfftfreq(side)[None] * stretch, np.fft.fftfreq(side)[:, None])
    r[0, 0] = 1
    phase = rng.uniform(0, 2 * np.pi, r.shape)
    f = np.fft.irfft2(r ** -slope * np.exp(1j * phase), s=(side, side))
    f -= f.mean()
    return (f / (f.std() + 1e-6)).astype(np.float32)


def unit_grid(side):
    """-> (y, x) in 0..1"""
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side
    return y, x


def photo_crop(rng, photo, low, high, least):
    """A random square of `low` to `high` of the shorter side"""
    shorter = min(photo.shape[:2])
    size = int(min(shorter, rng.uniform(low, high) * shorter + least))
    y, x = rng.integers(0, photo.shape[0] - size + 1), rng.integers(0, photo.shape[1] - size + 1)
    return photo[y:y + size, x:x + size]


def photo_texture(rng, side, photos):
    crop = photo_crop(rng, photos[rng.integers(len(photos))], .12, .9, 64)
    t = cv2.resize(crop, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32)
    t = t[:, ::-1] if rng.random() < .5 else t
    if rng.random() < .5:
        t = np.clip((t - t.mean()) * rng.uniform(.6, 1.5) + rng.uniform(60, 190) + rng.normal(0, 15, 3), 0, 255)
    return np.ascontiguousarray(t)


def cloud_texture(rng, side):
    f = cloud(rng, side)
    t = coloured(rng, 1 / (1 + np.exp(-f * rng.uniform(.5, 3))))
    return t + cloud(rng, side)[..., None] * rng.uniform(5, 40) if rng.random() < .5 else t


def stripes(rng, side):
    """Stripes, checks or waves, slightly warped"""
    y, x = unit_grid(side)
    angle, frequency = rng.uniform(0, np.pi), rng.uniform(2, 16)
    u = (x * np.cos(angle) + y * np.sin(angle)) * frequency + rng.uniform(0, .3) * cloud(rng, side, 2)
    f = .5 + .5 * np.sin(u * 2 * np.pi)
    if rng.random() < .5:
        v = (-x * np.sin(angle) + y * np.cos(angle)) * frequency * rng.uniform(.5, 1.5)
        f = f * (.5 + .5 * np.sin(v * 2 * np.pi)) * 2 if rng.random() < .5 else (np.floor(u) + np.floor(v)) % 2
    if rng.random() < .5:
        f = (f > .5).astype(np.float32)
    return coloured(rng, np.clip(f, 0, 1), 2)


def cells(rng, side, grain=96):
    """Voronoi patches of similar colours"""
    count = rng.integers(6, 60)
    seeds = rng.uniform(0, 1, (count, 2))
    y, x = np.mgrid[0:grain, 0:grain] / grain
    nearest = ((x[..., None] - seeds[:, 0]) ** 2 + (y[..., None] - seeds[:, 1]) ** 2).argmin(-1).astype(np.uint8)
    nearest = cv2.resize(nearest, (side, side), interpolation=cv2.INTER_NEAREST)
    base = random_colour(rng)
    t = (base + rng.normal(0, rng.uniform(10, 60), (count, 3)))[nearest]
    return cv2.GaussianBlur(t.astype(np.float32), (0, 0), rng.uniform(.5, 3))


def gradient(rng, side):
    y, x = unit_grid(side)
    angle = rng.uniform(0, 2 * np.pi)
    f = x * np.cos(angle) + y * np.sin(angle)
    f = (f - f.min()) / (np.ptp(f) + 1e-6)
    return coloured(rng, f, rng.integers(2, 4))


def texture(rng, side, photos=()):
    """-> RGB [side, side, 3]; most are pieces of photographs, where there are any"""
    k = rng.random()
    if len(photos) and k < .62:
        return photo_texture(rng, side, photos)
    t = (cloud_texture if k < .74 else stripes if k < .82 else cells if k < .9 else gradient)(rng, side)
    if rng.random() < .5:
        t = t + rng.normal(0, rng.uniform(1, 12), t.shape)
    return np.clip(t, 0, 255).astype(np.float32)


# --- shapes -----------------------------------------------------------------------------------------------------

class Silhouette:
    """Draws one random shape on a canvas of twice the size, for smooth edges."""

    def __init__(self, rng, side):
        self.rng, self.n = rng, side * 2
        self.canvas = np.zeros((self.n, self.n), np.uint8)
        self.c = self.n / 2

    def polygon(self, angle, radius, squash=1.):
        points = np.stack([self.c + radius * np.cos(angle) * squash, self.c + radius * np.sin(angle)], 1)
        cv2.fillPoly(self.canvas, [np.round(points).astype(np.int32)], 255, cv2.LINE_AA)

    def ellipse(self, half, angle, value=255):
        centre = (int(self.c), int(self.c))
        cv2.ellipse(self.canvas, centre, (int(half[0]), int(half[1])), angle, 0, 360, value, -1, cv2.LINE_AA)

    def smooth(self, low, high):
        soft = cv2.GaussianBlur(self.canvas, (0, 0), self.n * self.rng.uniform(low, high))
        self.canvas = ((soft > 127) * 255).astype(np.uint8)

    def blob(self, R):
        rng = self.rng
        angle = np.linspace(0, 2 * np.pi, 180, endpoint=False)
        radius = np.ones(180)
        for h in range(1, rng.integers(3, 9)):
            radius += rng.normal(0, .28 / h ** .8) * np.sin(h * angle + rng.uniform(0, 6.3))
        radius = np.clip(radius, .18, None)
        self.polygon(angle, R * radius / radius.max(), rng.uniform(.4, 1))

    def star(self, R):
        rng = self.rng
        count = rng.integers(3, 10)
        angle = np.sort(rng.uniform(0, 2 * np.pi, count))
        even = np.arange(count) % 2
        radius = rng.uniform(.35, 1, count) if rng.random() < .6 else np.where(even, 1, rng.uniform(.3, .9))
        self.polygon(angle, R * radius)
        if rng.random() < .5:
            self.smooth(.01, .05)

    def plain(self, R):
        rng = self.rng
        if rng.random() < .5:
            self.ellipse((R, R * rng.uniform(.3, 1)), rng.uniform(0, 180))
            return
        w, h = R * rng.uniform(.3, 1), R * rng.uniform(.3, 1)
        cv2.rectangle(self.canvas, (int(self.c - w), int(self.c - h)), (int(self.c + w), int(self.c + h)), 255, -1)
        self.smooth(.003, .06)

    def creature(self, R):
        """A torso with limbs, some ending in a head or hand"""
        rng = self.rng
        tilt = rng.uniform(0, 180) if rng.random() < .5 else (0 if rng.random() < .5 else 90)
        w, h = R * rng.uniform(.3, .6), R * rng.uniform(.15, .45)
        self.ellipse((w, h), tilt)
        for _ in range(rng.integers(2, 7)):
            self.limb(w, h)

    def limb(self, w, h):
        rng, n = self.rng, self.n
        angle = rng.uniform(0, 2 * np.pi)
        p = np.array([self.c + w * .6 * np.cos(angle), self.c + h * .8 * np.sin(angle)])
        width = n * rng.uniform(.02, .09)
        whole = lambda q: tuple(np.int32(q).tolist())
        for _ in range(rng.integers(1, 3)):
            angle += rng.normal(0, .6)
            q = np.clip(p + n * rng.uniform(.1, .25) * np.array([np.cos(angle), np.sin(angle)]), n * .05, n * .95)
            cv2.line(self.canvas, whole(p), whole(q), 255, int(width), cv2.LINE_AA)
            p, width = q, max(3, width * .8)
        if rng.random() < .4:
            cv2.circle(self.canvas, whole(p), int(n * rng.uniform(.04, .11)), 255, -1, cv2.LINE_AA)


def silhouette(rng, side):
    """-> alpha 0..1 [side, side]"""
    shape = Silhouette(rng, side)
    k, R = rng.random(), shape.n * .44
    (shape.blob if k < .4 else shape.star if k < .6 else shape.plain if k < .72 else shape.creature)(R)
    if rng.random() < .08 and k < .72:  # a ring
        shape.ellipse((R * rng.uniform(.2, .5), R * rng.uniform(.2, .5)), rng.uniform(0, 180), 0)
    return cv2.resize(shape.canvas, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32) / 255


# --- cut-outs and backgrounds -----------------------------------------------------------------------------------

def shading(rng, alpha, side):
    """[side, side, 1] light from one side, half the time with relief along the outline"""
    y, x = unit_grid(side)
    angle, strength = rng.uniform(0, 6.3), rng.uniform(0, .6)
    light = 1 + strength * ((x - .5) * np.cos(angle) + (y - .5) * np.sin(angle))
    if rng.random() < .5:
        height = cv2.GaussianBlur(alpha, (0, 0), side * rng.uniform(.03, .12))
        down, right = np.gradient(height)
        light = light + rng.uniform(.5, 3) * (down * np.sin(angle) + right * np.cos(angle)) * side * .05
    return np.clip(light, .25, 1.9)[..., None]


def fitted(image, side, margin=.04):
    """RGBA straight alpha, any size -> premultiplied, centred in a square"""
    height, width = image.shape[:2]
    scale = side * (1 - 2 * margin) / max(height, width)
    size = max(4, round(width * scale)), max(4, round(height * scale))
    p = image.astype(np.float32)
    p[..., :3] *= p[..., 3:] / 255
    p = cv2.resize(p, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    out = np.zeros((side, side, 4), np.float32)
    y, x = (side - size[1]) // 2, (side - size[0]) // 2
    out[y:y + size[1], x:x + size[0]] = p
    return out


def photo_region(rng, side, photos):
    """A piece of a photograph whose outline follows its content: the largest connected region of a random colour
    projection above a threshold. -> cut-out, or None where there is no such region"""
    crop = photo_crop(rng, photos[rng.integers(len(photos))], .1, .6, 80)
    t = cv2.resize(crop, (side, side), interpolation=cv2.INTER_AREA)
    lab = cv2.GaussianBlur(cv2.cvtColor(t, cv2.COLOR_RGB2LAB).astype(np.float32), (0, 0), side * rng.uniform(.01, .04))
    projection = lab @ rng.normal(0, 1, 3).astype(np.float32)
    above = (projection > np.quantile(projection, rng.uniform(.3, .7))).astype(np.uint8)
    above[[0, 1, -2, -1]] = 0
    above[:, [0, 1, -2, -1]] = 0
    count, labels, stats, _ = cv2.connectedComponentsWithStats(above)
    if count < 2 or stats[1:, cv2.CC_STAT_AREA].max() < .06 * side * side:
        return None
    k = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    alpha = cv2.GaussianBlur((labels == k).astype(np.float32), (0, 0), side * .012)
    alpha = np.clip((alpha - .5) * 4 + .5, 0, 1)
    if rng.random() < .5:
        t = np.clip((t.astype(np.float32) - t.mean()) * rng.uniform(.7, 1.5) + rng.uniform(70, 180), 0, 255)
    x, y, w, h = stats[k, :4]
    cut = np.dstack([t.astype(np.float32), alpha * 255])[max(0, y - 2):y + h + 2, max(0, x - 2):x + w + 2]
    return fitted(np.clip(cut, 0, 255).astype(np.uint8), side)


def reclad_sprite(rng, side, sprite, photos):
    """A sprite's outline and shading in another material -> (alpha, RGB)"""
    cut = fitted(sprite, side)
    alpha = cut[..., 3] / 255
    luma = cut[..., :3].mean(-1) / np.maximum(alpha, .05) / 255
    return alpha, texture(rng, side, photos) * np.clip(.45 + rng.uniform(.2, 1) * luma, .2, 1.6)[..., None]


def cut_out(rng, side, photos, sprites):
    """-> RGBA premultiplied 0..255"""
    if len(photos) and rng.random() < .3:
        region = photo_region(rng, side, photos)
        if region is not None:
            return region
    if len(sprites) and rng.random() < .35:
        alpha, t = reclad_sprite(rng, side, sprites[rng.integers(len(sprites))], photos)
    else:
        alpha, t = silhouette(rng, side), texture(rng, side, photos)
    for _ in range(rng.integers(0, 4) if rng.random() < .7 else 0):  # inner parts: clothes, spots, panels
        part = silhouette(rng, side)
        place = np.float32([[rng.uniform(.3, 1), 0, rng.uniform(-.1, .6) * side], [0, rng.uniform(.3, 1), rng.uniform(-.1, .6) * side]])
        part = cv2.warpAffine(part, place, (side, side))[..., None]
        t = t * (1 - part) + part * texture(rng, side, photos)
    t = np.clip(t * shading(rng, alpha, side), 0, 255)
    return np.dstack([t * alpha[..., None], alpha * 255])


def plain_cut_out(rng, side):
    """A lesson for beginners: one shape, one colour or a soft gradient"""
    alpha = silhouette(rng, side)
    t = np.clip(gradient(rng, side) * .3 + random_colour(rng) * .7, 0, 255)
    return np.dstack([t * alpha[..., None], alpha * 255])


def plain_background(rng, side):
    return np.clip(gradient(rng, side) * .4 + random_colour(rng) * .6, 0, 255)


def two_grounds(rng, side, photos, first):
    """Ground and sky, or wall and floor"""
    second = texture(rng, side, photos)
    level, slope = rng.uniform(.3, .8), rng.normal(0, .15)
    y, x = np.mgrid[0:side, 0:side] / side
    edge = (y - level + slope * (x - .5) + .03 * cloud(rng, side, 2)) * rng.choice([30, 400])
    below = (1 / (1 + np.exp(-edge)))[..., None]
    return first * (1 - below) + second * below


def pasted(rng, side, t, cuts):
    """One still cut-out somewhere on the background"""
    cut = cuts[rng.integers(len(cuts))].astype(np.float32)
    scale = np.exp(rng.uniform(np.log(.05), np.log(.45))) * side / cut.shape[0]
    angle = rng.normal(0, .4)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    centre = np.array([cut.shape[1] / 2, cut.shape[0] / 2])
    place = np.float32(np.column_stack([turn, rng.uniform(0, side, 2) - turn @ centre]))
    drawn = cv2.warpAffine(cut, place, (side, side))
    return t * (1 - drawn[..., 3:] / 255) + drawn[..., :3] * rng.uniform(.5, 1.1)


def background(rng, side, photos, cuts):
    t = texture(rng, side, photos)
    if len(photos) and rng.random() < .4:  # a plain photograph
        return np.clip(cv2.GaussianBlur(t, (0, 0), rng.uniform(.4, 3)) if rng.random() < .3 else t, 0, 255)
    if rng.random() < .5:
        t = two_grounds(rng, side, photos, t)
    for _ in range(rng.integers(0, 14) if rng.random() < .75 else 0):
        t = pasted(rng, side, t, cuts)
    if rng.random() < .4:
        t = cv2.GaussianBlur(t, (0, 0), rng.uniform(.6, 4))
    return np.clip(t, 0, 255)


# --- the pool ---------------------------------------------------------------------------------------------------

def stored(picture):
    return np.clip(picture + .5, 0, 255).astype(np.uint8)


def make_cut_out(seed):
    return stored(cut_out(np.random.default_rng(seed), SIDE, SHARED["photos"], SHARED["sprites"]))


def make_background(seed):
    return stored(background(np.random.default_rng(seed), BACKGROUND_SIDE, SHARED["photos"], SHARED["cuts"]))


def make_plain_cut_out(seed):
    return stored(plain_cut_out(np.random.default_rng(seed), SIDE))


def make_plain_background(seed):
    return stored(plain_background(np.random.default_rng(seed), BACKGROUND_SIDE))


def in_parallel(make, seeds, workers):
    if workers == 1:
        return [make(s) for s in seeds]
    with multiprocessing.get_context("fork").Pool(workers) as team:
        return team.map(make, seeds, 8)


def build_split(sprites, photos, cut_outs, backgrounds, first_seed, workers):
    """-> (cut-outs [n, SIDE, SIDE, 4], backgrounds [m, BACKGROUND_SIDE, BACKGROUND_SIDE, 3]) uint8"""
    SHARED.update(photos=photos, sprites=sprites)
    cuts = [stored(fitted(s, SIDE)) for s in sprites] + in_parallel(make_cut_out, range(first_seed, first_seed + cut_outs), workers)
    SHARED["cuts"] = cuts = np.stack(cuts)
    first_seed += 5 * 10 ** 6
    return cuts, np.stack(in_parallel(make_background, range(first_seed, first_seed + backgrounds), workers))


def split_photos(photos):
    """-> (held out, to train on), the same for everything that is made of them"""
    kept = max(1, len(photos) // 6)
    return photos[:kept], photos[kept:]


def build_pool(folder, sprites, photos, cut_outs=3500, backgrounds=900, held_out=.1, seed=11, workers=2):
    """Writes train_*.npy and val_*.npy; sprites, shapes and photographs of the two never meet."""
    os.makedirs(folder, exist_ok=True)
    np.random.default_rng(seed).shuffle(sprites)
    kept, (val_photos, train_photos) = int(len(sprites) * held_out), split_photos(photos)
    splits = dict(val=(sprites[:kept], val_photos, held_out, 10 ** 7), train=(sprites[kept:], train_photos, 1., 2 * 10 ** 7))
    for name, (some_sprites, some_photos, share, first) in splits.items():
        cuts, grounds = build_split(some_sprites, some_photos, int(cut_outs * share), int(backgrounds * share), seed + first, workers)
        np.save(f"{folder}/{name}_tex.npy", cuts)
        np.save(f"{folder}/{name}_bg.npy", grounds)


def build_plain_pool(folder, cut_outs=1500, backgrounds=150, seed=12, workers=2):
    """Writes plain_*.npy beside the others: what the first leg learns from"""
    first = seed + 3 * 10 ** 7
    np.save(f"{folder}/plain_tex.npy", np.stack(in_parallel(make_plain_cut_out, range(first, first + cut_outs), workers)))
    first += 5 * 10 ** 6
    np.save(f"{folder}/plain_bg.npy", np.stack(in_parallel(make_plain_background, range(first, first + backgrounds), workers)))


def load_pool(folder, split):
    """-> (cut-outs, backgrounds), mapped from disk and shared between processes"""
    return np.load(f"{folder}/{split}_tex.npy", mmap_mode="r"), np.load(f"{folder}/{split}_bg.npy", mmap_mode="r")


def pool_arguments(description):
    """What every script that adds to the pool is told: --sources and --pool"""
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", default=os.path.join(here, ".cache", "sources.npz"))
    parser.add_argument("--pool", default=os.path.join(here, ".cache", "pool"))
    return parser.parse_args()


if __name__ == "__main__":
    args = pool_arguments(__doc__)
    build_pool(args.pool, *sources.unpack(args.sources))
    build_plain_pool(args.pool)
