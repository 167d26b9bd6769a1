"""Where training clips come from: synthetic scenes, or folders of real frames with masks. Runs in Python.

A source has batch(rng, clips, frames, side) -> (pixels [B, T, H, H, 3] uint8, ids [B, T, H, H] uint8; 0 background, 1..3 objects).
"""
import numpy as np

import data

LEAST_AREA = .003  # of the frame: the largest object of a clip covers at least this on its first frame


class SyntheticClips:
    """Renders scenes of the pool on demand; the same generator state gives the same clips."""

    def __init__(self, pool, split):
        self.textures, self.backgrounds = data.load_pool(pool, split)

    def clip(self, rng, frames, side):
        while True:
            scene = data.make_scene(rng, frames, len(self.textures), len(self.backgrounds))
            pixels, ids = data.raster_cv2(scene, self.textures, self.backgrounds, side)
            if np.bincount(ids[0].ravel(), minlength=4)[1:4].max() >= LEAST_AREA * side * side:
                return pixels, ids

    def batch(self, rng, clips, frames, side):
        made = [self.clip(rng, frames, side) for _ in range(clips)]
        return np.stack([m[0] for m in made]), np.stack([m[1] for m in made])
