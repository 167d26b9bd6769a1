"""Describes a synthetic clip by a few matrices and scalars per layer and frame: what moves, hides, leaves and returns. Runs in Python.

Coordinates are in [-1, 1] over the frame. A layer's matrix takes its texture's square to the frame; `camera` moves all.

[Note: real frames are not square] The network sees any frame squeezed to a square, so of real footage it gets things
that are too narrow or too flat, by up to 16 : 9. A share of the clips (`wide`) is made so.

[Note: little of it shows] Where every second target leaves or is covered, and what returns is there at once, "it is
hidden" is a good guess as soon as little of something shows: the tail that comes out from under a leaf, the nose of what
swims into the picture. In a share of the scenes (`alike`) that guess is wrong: targets are small, move slowly among their
likes, pass under things that stand still, and some are at the edge of the picture at first and come in.

[Note: one whole thing] Nearly half of the targets are made of several parts with looks of their own. Nothing in a single
picture tells such a part from what merely stands in front, and most targets are small: on these scenes the first mask after
a click has J 0.62, on pictures that were trained on as on those held out, so it is not for want of pictures. In a share of
the scenes (`whole`) every target is one cut-out, large, most often a picture of a model, which has parts by its nature;
bystanders are behind it, and little is done to the picture.
"""
from dataclasses import dataclass, field

import numpy as np

PACE = (.1, 1.)  # frames of real footage follow each other closely: all rates are scaled by this, evenly in the logarithm
LAYERS = 12  # most layers of a clip; what stands in front is dropped first
MOST_OBJECTS = 3
PARTED = .45  # share of targets that are made of several parts with looks of their own, like a person in clothes
HIDE = .3  # chance of an object to leave or to be covered
RETURNS = .6  # share of the hidden ones that certainly return, elsewhere
SMALLEST = .07  # half sides of the smallest target, in half pictures: a cap or a face in a wide shot
MOST_TURNED = .7  # something of the known side stays in view
MOST_WIDE = 16 / 9  # longest frame, width by height or height by width
TURNS_ON = 1.  # views a frame that a thing which turns goes on by, at pace 1; our own guess, not tuned
WINDOW = (.55, 1.)  # share of a photograph's side that shows at first, where its own things are the objects
# Of scenes of small things among their likes; our own guesses, not tuned
LARGEST_ALIKE = .3  # half side of the largest target, in half pictures
COME_IN, PASS_UNDER = .2, .5  # shares of the targets that come in over the edge, or pass under something
FARTHEST = 1.4  # half pictures that something goes to get past what hides it
BESIDE = (1.5, 6.)  # from a target to its likes, between the middles, in its half sides: from overlapping a little to two widths apart
# Of scenes of one whole thing; our own guesses, not tuned
WHOLE_SIZES = (.18, .9)  # half sides, in half pictures
MODELLED = .7  # share of the things that are pictures of models, where there are any
SPOILT = .4  # share of the usual chances that something spoils the picture, or passes before a thing

COARSE, COARSER = .3, .14  # below these scales a texture is halved once or twice before it is drawn


@dataclass
class Layer:
    """One textured cut-out over all T frames."""
    texture: int
    matrix: np.ndarray  # [T, 3, 3] texture -> frame
    object: int  # 1..3, or 0 for a distractor or occluder
    flip: bool
    gain: np.ndarray  # [T, 3]
    bias: np.ndarray  # [3], of 255
    wave: np.ndarray  # [T, 6]: amplitude, frequency, phase of the shift along x, then along y
    shade: np.ndarray  # [T, 2]: by how much of itself light grows from the texture's middle to its right and lower edge
    other_side: int  # texture whose colours show as the thing turns
    turned: np.ndarray  # [T] 0 to 1, how much of them shows
    view: np.ndarray | int = 0  # [T] by how many views of a thing that turns it is from `texture`

    @property
    def textures(self):
        """[T] texture of each frame"""
        return np.broadcast_to(self.texture + self.view, len(self.matrix))

    @property
    def to_frame(self):
        return self.matrix @ np.diag([-1., 1, 1]) if self.flip else self.matrix

    @property
    def halvings(self):
        scale = np.abs(np.linalg.det(self.matrix[0, :2, :2])) ** .5
        return 0 if scale > COARSE else 1 if scale > COARSER else 2


@dataclass
class Target:
    """An object to be tracked and the path of its main part."""
    texture: int
    size: float
    position: np.ndarray
    matrix: np.ndarray
    layers: list = field(default_factory=list)


@dataclass
class Part:
    """A piece of a photograph that goes a way of its own: its cut-out's square in the picture's coordinates, [-1, 1]."""
    texture: int
    centre: np.ndarray  # [2] x, y
    half: float  # of the square's side
    object: int  # 1..3


@dataclass
class Scene:
    layers: list  # back to front
    camera: np.ndarray  # [T, 3, 3]
    background: int
    background_matrix: np.ndarray  # [T, 3, 3] frame -> background picture
    gain: np.ndarray  # [T, 3]
    gamma: float
    blur: np.ndarray  # [T] sigma in pixels
    noise: float  # sigma, of 255
    jpeg: int  # quality, 0 is none
    motion_blur: bool
    seed: int


def placement(x, y, angle, scale_x, scale_y, shear=0., tilt_x=0., tilt_y=0.):
    """[T] arrays -> [T, 3, 3]: rotate, scale, shear, move; the tilts make a slight perspective"""
    c, s = np.cos(angle), np.sin(angle)
    m = np.zeros((len(x), 3, 3))
    m[:, 0, 0], m[:, 0, 1], m[:, 0, 2] = c * scale_x, -s * scale_y + shear * c * scale_x, x
    m[:, 1, 0], m[:, 1, 1], m[:, 1, 2] = s * scale_x, c * scale_y + shear * s * scale_x, y
    m[:, 2, 0], m[:, 2, 1], m[:, 2, 2] = tilt_x, tilt_y, 1
    return m


class Director:
    """Draws one scene of T frames from a random generator."""

    def __init__(self, rng, frames, textures, backgrounds, hide=HIDE, pace=PACE, wide=0., smallest=SMALLEST, alike=0., whole=0., models=0, turning=(0, 0)):
        """textures, backgrounds: sizes of the pool; hide: chance of a target; pace: range; wide, alike, whole: shares of
        the scenes, see the notes above; smallest: half side of a target, in half pictures; models: first texture of those
        that are pictures of models, 0 for none; turning: (first texture of those that are views of things that turn, how
        many views after each other are of one)"""
        self.rng, self.T, self.textures, self.backgrounds, self.hiding = rng, frames, textures, backgrounds, hide
        self.t = np.arange(frames)
        self.pace = np.exp(rng.uniform(*np.log(pace)))
        self.speed = self.pace * np.exp(rng.uniform(np.log(.01), np.log(.12)))
        self.smallest, self.alike, self.whole, self.models, self.turning = smallest, alike, whole, models, turning
        self.sides = self.format() if wide and rng.random() < wide else np.ones(2)

    def format(self):
        """-> half sides [2] of what a frame shows. [Note: real frames are not square]"""
        ratio = np.exp(self.rng.uniform(-1, 1) * np.log(MOST_WIDE))
        return np.array([ratio, 1 / ratio]) ** .5

    def still(self, value):
        return np.full(self.T, value)

    def any_texture(self):
        return int(self.rng.integers(self.textures))

    def wander(self, amplitude, speed):
        """[T] smooth random path from 0"""
        speed = speed * self.pace ** .5
        amplitude = amplitude * self.pace ** .5
        waves = [self.rng.normal(0, amplitude / (i + 1)) * np.sin(speed * (i + 1) * self.t * self.rng.uniform(.3, 1.2) + self.rng.uniform(0, 6.3)) for i in range(3)]
        path = sum(waves)
        return path - path[0]

    def camera(self):
        rng, speed, t = self.rng, self.speed, self.t
        x = self.wander(speed * 2, .5) + rng.normal(0, speed) * t
        y = self.wander(speed, .5) + rng.normal(0, speed * .5) * t
        angle = self.wander(.03, .5)
        zoom = np.exp(rng.normal(0, .02) * self.pace * t)
        moving = placement(x, y, angle, zoom, zoom, tilt_x=rng.normal(0, .02), tilt_y=rng.normal(0, .02))
        moving = np.repeat(np.eye(3)[None], self.T, 0) if rng.random() < .35 else moving
        return moving @ np.diag([*self.sides, 1.])

    def background_matrix(self, camera):
        rng = self.rng
        scale = self.still(rng.uniform(.6, 1.1))
        fixed = placement(self.still(rng.uniform(-.3, .3)), self.still(rng.uniform(-.3, .3)), self.still(rng.normal(0, .15)), scale, scale)
        return np.diag([.75, .75, 1.])[None] @ np.linalg.inv(fixed) @ camera

    def views(self, texture):
        """-> [T] by how many views a thing has turned from one of them, there and back, or 0 where it has no others"""
        first, count = self.turning
        if not count or texture < first:
            return 0
        at = (texture - first) % count
        way = at + self.rng.normal(0, TURNS_ON) * self.pace * self.t + self.wander(count / 2, .6)
        return np.round(np.abs((way + count - 1) % (2 * count - 2) - count + 1)).astype(int) - at

    def layer(self, texture, matrix, object, bends=True):
        rng, t = self.rng, self.t
        made = Layer(texture, matrix, object, rng.random() < .5, np.ones((self.T, 3)), np.zeros(3), np.zeros((self.T, 6)),
                     np.zeros((self.T, 2)), self.any_texture(), np.zeros(self.T))
        if rng.random() < .6:
            made.gain = rng.uniform(.6, 1.3) * rng.normal(1, .12, 3)[None] * np.exp(self.wander(.06, .4))[:, None]
            made.bias = rng.normal(0, 12, 3)
        if bends and rng.random() < .6:
            a = rng.uniform(.01, .07)
            along_x = [self.still(a), self.still(rng.uniform(1, 4)), rng.uniform(0, 6.3) + rng.normal(0, .7) * self.pace * t]
            along_y = [self.still(a * rng.uniform(.3, 1)), self.still(rng.uniform(1, 4)), rng.uniform(0, 6.3) + rng.normal(0, .7) * self.pace * t]
            made.wave = np.stack(along_x + along_y, 1)
        if rng.random() < .5:
            made.shade = rng.normal(0, .3, 2) + np.stack([self.wander(.3, .4), self.wander(.3, .4)], 1)
        made.view = self.views(texture)
        if bends and rng.random() < .3:
            made.turned = np.clip(np.abs(self.wander(.6, .4)), 0, MOST_TURNED)
        return made

    def motion(self, size, position):
        """[T, 3, 3] path of something `size` large (half side) from `position`, growing, turning and tilting"""
        rng, t, speed = self.rng, self.t, self.speed
        velocity = rng.normal(0, speed, 2)
        grow = np.exp(np.clip(rng.normal(0, .03) * self.pace * t + self.wander(.05, .5), -.8, .8))
        aspect = np.exp(rng.normal(0, .15))
        angle = rng.normal(0, .35) if rng.random() < .8 else rng.uniform(-3.1, 3.1)
        turn = 1 - .5 * rng.random() * np.abs(np.sin(self.wander(.5, .4))) if rng.random() < .4 else np.ones(self.T)
        x = position[0] + velocity[0] * t + self.wander(speed * 2, .7)
        y = position[1] + velocity[1] * t + self.wander(speed * 2, .7)
        return placement(x, y, angle + rng.normal(0, .04) * self.pace * t + self.wander(.1, .6), size * aspect * grow * turn, size / aspect * grow,
                         shear=rng.normal(0, .1), tilt_x=rng.normal(0, .04), tilt_y=rng.normal(0, .04))

    def limb(self, matrix, object):
        """A second part that turns about its place on the main part."""
        rng = self.rng
        at = rng.uniform(-.5, .5, 2)
        angle = rng.uniform(-3, 3) + self.wander(.5, .8)
        scale = self.still(rng.uniform(.3, .6))
        return self.layer(self.any_texture(), matrix @ placement(self.still(at[0]), self.still(at[1]), angle, scale, scale), object)

    def target(self, object, largest=.85):
        rng = self.rng
        size = np.exp(rng.uniform(np.log(self.smallest), np.log(largest)))
        position = rng.uniform(-.8, .8, 2)
        target = self.single(self.any_texture(), size, position, object)
        if rng.random() < PARTED:
            target.layers += [self.limb(target.matrix, object) for _ in range(rng.integers(1, 4))]
            if rng.random() < .5:
                target.layers.reverse()
        return target

    def single(self, texture, size, position, object):
        """-> target that is one cut-out"""
        target = Target(texture, size, position, self.motion(size, position))
        target.layers = [self.layer(texture, target.matrix, object)]
        return target

    def whole_thing(self, object):
        """-> target of a scene that is so, see [Note: one whole thing]"""
        rng = self.rng
        modelled = self.models and rng.random() < MODELLED
        texture = int(rng.integers(self.models, self.textures)) if modelled else self.any_texture()
        return self.single(texture, np.exp(rng.uniform(*np.log(WHOLE_SIZES))), rng.uniform(-.6, .6, 2), object)

    def distractor(self, targets):
        """Half of them look like a target."""
        rng = self.rng
        twin = targets[rng.integers(len(targets))] if targets else None
        if twin and rng.random() < .5:
            return self.layer(twin.texture, self.motion(twin.size * rng.uniform(.7, 1.4), rng.uniform(-.9, .9, 2)), 0)
        return self.layer(self.any_texture(), self.motion(np.exp(rng.uniform(np.log(.1), np.log(.6))), rng.uniform(-.9, .9, 2)), 0)

    def hide(self, target):
        """Frames [a, b) without the target: it leaves and returns, or something large stands before it. -> cover or None"""
        a, b, returns = self.absence()
        if returns:
            self.come_back(target, b)
        away = self.anywhere()
        if self.rng.random() < .45:
            self.send_away(target, a, b, away)
            return None
        return self.cover(target, a, b, away)

    def veil(self, target):
        """-> cover of a target that stays in its place"""
        a, b, _ = self.absence()
        return self.cover(target, a, b, self.anywhere())

    def absence(self):
        """-> frames [a, b), and whether the target certainly returns"""
        rng, T = self.rng, self.T
        a = int(rng.integers(1, T))
        b = int(rng.integers(a + 1, T + 1))
        if rng.random() >= RETURNS:
            return a, b, False
        return *sorted(int(x) for x in rng.choice(np.arange(1, T), 2, replace=False)), True

    def anywhere(self):
        """-> direction [2], of length 1"""
        angle = self.rng.uniform(0, 6.3)
        return np.array([np.cos(angle), np.sin(angle)])

    def come_back(self, target, b):
        """From frame b on it is somewhere else, turned and of another size: behind an occluder things go on."""
        rng = self.rng
        old = target.matrix[b, :2, 2] / target.matrix[b, 2, 2]
        new = rng.uniform(-.8, .8, 2)
        zoom = self.still(np.exp(rng.normal(0, .25)))
        there = placement(self.still(new[0]), self.still(new[1]), self.still(rng.normal(0, .5)), zoom, zoom)
        move = there @ placement(self.still(-old[0]), self.still(-old[1]), self.still(0.), self.still(1.), self.still(1.))
        for layer in target.layers:
            layer.matrix = np.concatenate([layer.matrix[:b], move[b:] @ layer.matrix[b:]])
        target.matrix = np.concatenate([target.matrix[:b], move[b:] @ target.matrix[b:]])

    def send_away(self, target, a, b, away):
        rng = self.rng
        share = np.zeros(self.T)
        share[a:b] = 1
        share[a - 1] += rng.uniform(0, .45) * (a > 1)
        share[b:b + 1] += rng.uniform(0, .45)
        shift = np.repeat(np.eye(3)[None], self.T, 0)
        shift[:, :2, 2] = share[:, None] * away * (1.6 + target.size + np.abs(target.position @ away))
        for layer in target.layers:
            layer.matrix = shift @ layer.matrix

    def cover(self, target, a, b, away):
        rng = self.rng
        since = (self.t - (a + b - 1) / 2) / ((b - a) / 2)
        scale = self.still(target.size * rng.uniform(1.5, 2.6))
        beside = np.sign(since) * np.clip(np.abs(since) - .8, 0, 3) * target.size * rng.uniform(1.5, 3)
        path = target.matrix[:, :2, 2] / target.matrix[:, 2:, 2] + away * beside[:, None]
        return self.layer(self.any_texture(), placement(path[:, 0], path[:, 1], self.still(rng.uniform(-3, 3)), scale, scale), 0, False)

    def passer_by(self, targets):
        """An occluder that crosses a target at a chosen time."""
        rng, t = self.rng, self.t
        target = targets[rng.integers(len(targets))]
        when = rng.integers(1, self.T) if self.T > 1 else 0
        at = target.matrix[when, :2, 2]
        velocity = rng.normal(0, .06 + self.speed * 2, 2)
        size = target.size * rng.uniform(.6, 2.2) * rng.choice([1, 1, .4])
        aspect = np.exp(rng.normal(0, .5))
        path = placement(at[0] + velocity[0] * (t - when), at[1] + velocity[1] * (t - when), rng.uniform(-3, 3) + rng.normal(0, .05) * t,
                         self.still(size * aspect), self.still(size / aspect))
        return self.layer(self.any_texture(), path, 0, False)

    def like(self, target, object):
        """-> one more of a target's kind, beside it, on a way of its own"""
        rng = self.rng
        size = target.size * rng.uniform(.75, 1.3)
        position = target.position + self.anywhere() * target.size * rng.uniform(*BESIDE)
        return self.single(target.texture, size, position, object)

    def leaf(self, target, when, beside, size):
        """-> occluder that stands still, `size` large and so far from where a target is at frame `when` (in its half sides)"""
        at = target.matrix[when, :2, 2] / target.matrix[when, 2, 2] + self.anywhere() * target.size * beside
        x, y, angle, scale = (self.still(v) for v in (*at, self.rng.uniform(-3, 3), target.size * size))
        return self.layer(self.any_texture(), placement(x, y, angle, scale, scale), 0, False)

    def some_leaf(self, target):
        """-> occluder where a target, or a part of it, passes at a chosen time"""
        rng = self.rng
        return self.leaf(target, int(rng.integers(1, self.T)), rng.uniform(0, 1.3), rng.uniform(.7, 2.2))

    def pass_under(self, target):
        """It goes under a leaf, is hidden there, and comes out little by little on the other side. -> leaf"""
        rng, way = self.rng, self.anywhere()
        when, far = rng.uniform(.3, .9) * self.T, min(target.size * rng.uniform(5, 10), FARTHEST)
        self.shift(target, way * (far * (self.t - when) / self.T)[:, None])
        return self.leaf(target, min(int(when), self.T - 1), rng.uniform(0, .3), rng.uniform(1.3, 2.3))

    def come_in(self, target):
        """It is half out of the picture at first and moves towards the middle."""
        rng, edge = self.rng, self.anywhere()
        start = self.sides * edge / np.abs(edge).max() * (1 + target.size * rng.uniform(-.5, .6))
        self.shift(target, start - target.position - edge * (self.speed * rng.uniform(.3, 1.5) * self.t)[:, None])

    def shift(self, target, way):
        """Moves a target by way [T, 2]"""
        moved = placement(*way.T, self.still(0.), self.still(1.), self.still(1.))
        for layer in target.layers:
            layer.matrix = moved @ layer.matrix
        target.matrix = moved @ target.matrix
        target.position = target.position + way[0]

    def shoal(self, camera, background, background_matrix):
        """-> Scene of one small target and its likes, half of which are targets too. [Note: little of it shows]"""
        rng = self.rng
        first, leaves = self.target(1, LARGEST_ALIKE), []
        happens = rng.random()
        if happens < COME_IN:
            self.come_in(first)
        elif happens < COME_IN + PASS_UNDER and self.T > 2:
            leaves.append(self.pass_under(first))
        likes = [self.like(first, number if rng.random() < .5 else 0) for number in range(2, rng.integers(2, MOST_OBJECTS + 1) + 1)]
        kind = [first, *likes]
        layers = [layer for i in rng.permutation(len(kind)) for layer in kind[i].layers]
        leaves += [self.some_leaf(target) for target in (likes if leaves else kind) if rng.random() < self.hiding] if self.T > 2 else []
        return Scene((layers + leaves)[:LAYERS], camera, background, background_matrix, **self.film())

    def scene(self):
        rng = self.rng
        camera = self.camera()
        background_matrix = self.background_matrix(camera)
        background = int(rng.integers(self.backgrounds))
        if self.alike and rng.random() < self.alike:
            return self.shoal(camera, background, background_matrix)
        whole = bool(self.whole) and rng.random() < self.whole
        target, shares = (self.whole_thing, [.5, .35, .15]) if whole else (self.target, [.3, .4, .3])
        targets = [target(o) for o in range(1, rng.choice([1, 2, 3], p=shares) + 1)]
        return self.staged(targets, camera, background, background_matrix, clear=whole)

    def staged(self, targets, camera, background, background_matrix, resting=(), clear=False):
        """-> Scene of targets among bystanders, some of them hidden for a while; `resting` targets are in the background;
        clear: see [Note: one whole thing]"""
        rng, spoilt = self.rng, SPOILT if clear else 1.
        groups = [t.layers for t in targets] + [[self.distractor(targets)] for _ in range(rng.integers(0, 3))]
        order = rng.permutation(len(groups))
        order = sorted(order, key=lambda i: i < len(targets)) if clear else order
        layers = [layer for i in order for layer in groups[i]]
        covers = [self.hide(t) for t in targets if rng.random() <= self.hiding] if self.T > 2 else []
        covers += [self.veil(t) for t in resting if rng.random() < self.hiding] if self.T > 2 else []
        if targets and rng.random() < .35 * spoilt:
            layers.append(self.passer_by(targets))
        layers = (layers + [c for c in covers if c])[:LAYERS]
        return Scene(layers, camera, background, background_matrix, **self.film(spoilt))

    def view(self, parts, resting):
        """A photograph (0) under the camera. What is to be tracked is part of it: `parts` go ways of their own from where
        they are in it; `resting` stay, are named by what draws the scene, and can only be covered."""
        rng = self.rng
        window = self.still(rng.uniform(*WINDOW) / self.sides.max())
        room = (1 - window[0]) * rng.uniform(-1, 1, 2)
        mirror = np.diag([rng.choice([-1., 1.]), 1, 1])
        fixed = placement(self.still(room[0]), self.still(room[1]), self.still(rng.normal(0, .08)), window, window) @ mirror
        camera = self.camera()
        moving = [self.moving(part, fixed) for part in parts]
        return self.staged(moving, camera, 0, fixed @ camera, [self.lying(part, fixed) for part in resting])

    def lying(self, part, fixed):
        """-> Target without layers where the photograph shows it throughout"""
        x, y = (self.still(v) for v in part.centre)
        start = np.linalg.inv(fixed) @ placement(x, y, self.still(0.), self.still(part.half), self.still(part.half))
        size = part.half / np.abs(np.linalg.det(fixed[0, :2, :2])) ** .5
        return Target(part.texture, size, start[0, :2, 2], start)

    def moving(self, part, fixed):
        """-> Target that starts as and where the photograph shows it"""
        lying = self.lying(part, fixed)
        start, at, size = lying.matrix, lying.position, lying.size
        matrix = self.drift(at) @ placement(self.still(-at[0]), self.still(-at[1]), self.still(0.), self.still(1.), self.still(1.)) @ start
        wave = [np.abs(self.wander(.03, .5)), self.still(2.), .5 * self.t, np.abs(self.wander(.03, .5)), self.still(3.), .4 * self.t]
        layer = Layer(part.texture, matrix, part.object, False, np.exp(self.wander(.06, .4))[:, None] * np.ones((1, 3)), np.zeros(3), np.stack(wave, 1),
                      np.stack([self.wander(.2, .4), self.wander(.2, .4)], 1), self.any_texture(), np.clip(np.abs(self.wander(.4, .4)), 0, MOST_TURNED))
        return Target(part.texture, size, at, matrix, [layer])

    def drift(self, at):
        """[T, 3, 3] a way from `at`, where the first frame has it, growing and turning"""
        rng, t, speed = self.rng, self.t, self.speed
        grow = np.exp(np.clip(rng.normal(0, .03) * self.pace * t + self.wander(.05, .5), -.8, .8))
        x, y = (v + rng.normal(0, speed) * t + self.wander(speed * 2, .7) for v in at)
        return placement(x, y, rng.normal(0, .04) * self.pace * t + self.wander(.1, .6), grow, grow)

    def film(self, spoilt=1.):
        """Light, focus, sensor and codec; spoilt: share of the usual chances that one of the last three is poor"""
        rng, T = self.rng, self.T
        base = np.exp(rng.normal(0, .15))
        gain = (base * np.exp(self.wander(.06 if rng.random() < .6 else .2, .4)))[:, None] * np.exp(rng.normal(0, .06, 3))[None]
        return dict(
            gain=gain,
            gamma=float(np.exp(rng.normal(0, .2))),
            blur=self.still(rng.uniform(.4, 1.6) if rng.random() < .4 * spoilt else 0.) * (1 + .3 * rng.random(T)),
            noise=rng.uniform(1, 10) if rng.random() < .5 * spoilt else 0.,
            jpeg=int(rng.integers(15, 90)) if rng.random() < .5 * spoilt else 0,
            motion_blur=bool(rng.random() < .3),
            seed=int(rng.integers(1 << 31)),
        )


def make_view(rng, frames, textures, parts, resting=(), **look):
    """-> Scene of one photograph with `parts` that move and `resting` ones that may be covered; `textures` is how many the
    pool has; look: see Director"""
    return Director(rng, frames, textures, 1, **look).view(parts, resting)


def make_scene(rng, frames, textures, backgrounds, **look):
    """-> Scene; `textures` and `backgrounds` are the sizes of the pool; look: see Director"""
    return Director(rng, frames, textures, backgrounds, **look).scene()
