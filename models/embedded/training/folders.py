"""Reads a studio's own clips with masks from folders, in DAVIS or SA-V layout. Runs in Python.

DAVIS: ROOT/JPEGImages[/480p]/CLIP/*.jpg|png with ROOT/Annotations[/480p]/CLIP/*.png, grey or palette, value = object.
SA-V:  ROOT/CLIP_manual.json (or CLIP_auto.json, CLIP.json) with "masklet": per annotated frame, per object, a COCO run
       length; pictures in ROOT/CLIP/*.jpg, ROOT/JPEGImages_24fps/CLIP/*.jpg or ROOT/CLIP.mp4. Where there are more
       pictures than annotated frames, annotation i belongs to picture i * round(pictures / annotations) (4 in SA-V).
"""
import glob
import json
import os
import re
from functools import lru_cache

import cv2
import numpy as np

KEPT_SIDE = 512  # pixels of the shorter side; training crops are smaller
KEPT_CLIPS = 64  # decoded pictures of so many frames stay in memory
JSON_NAME = re.compile(r"^(.*?)(_manual|_auto)?\.json$")


def decode_run_length(rle):
    """COCO run length {"size": [h, w], "counts": text or list} -> bool [h, w]; runs go down the columns, 0 first."""
    height, width = rle["size"]
    counts = rle["counts"] if isinstance(rle["counts"], list) else unpack_counts(rle["counts"])
    flat = np.repeat(np.arange(len(counts)) % 2 == 1, counts)
    if len(flat) != height * width:
        raise ValueError(f"run length: got {len(flat)} pixels, expected {height} x {width}")
    return flat.reshape(width, height).T


def unpack_counts(text):
    """COCO's text form: 5 bits a character, 6th bit continues, last sign-extends; from the third on, a difference to two before."""
    counts, at = [], 0
    while at < len(text):
        value, shift, more = 0, 0, True
        while more:
            c = ord(text[at]) - 48
            value |= (c & 31) << shift
            more, at, shift = bool(c & 32), at + 1, shift + 5
            if not more and c & 16:
                value |= -1 << shift
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))
    return counts


def pictures_in(folder):
    return sorted(p for p in glob.glob(f"{glob.escape(folder)}/*") if p.lower().endswith((".jpg", ".jpeg", ".png")))


@lru_cache(maxsize=KEPT_CLIPS)
def read_picture(path):
    """-> RGB uint8, shorter side at most KEPT_SIDE"""
    image = cv2.imread(path, cv2.IMREAD_COLOR)
    if image is None:
        raise ValueError(f"{path}: not a readable picture")
    scale = KEPT_SIDE / min(image.shape[:2])
    image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else image
    return np.ascontiguousarray(image[..., ::-1])


@lru_cache(maxsize=1)
def read_video(path):
    """-> [RGB uint8] of a whole (short) clip"""
    video, frames = cv2.VideoCapture(path), []
    while True:
        ok, frame = video.read()
        if not ok:
            return frames
        scale = min(1., KEPT_SIDE / min(frame.shape[:2]))
        frames.append(np.ascontiguousarray(cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)[..., ::-1]))


class DavisClip:
    """Pictures and label maps of one folder; only frames that have a label map count."""

    def __init__(self, picture_folder, label_folder):
        labels = {os.path.splitext(os.path.basename(p))[0]: p for p in pictures_in(label_folder)}
        self.pairs = [(p, labels[k]) for p in pictures_in(picture_folder) if (k := os.path.splitext(os.path.basename(p))[0]) in labels]

    def __len__(self):
        return len(self.pairs)

    def picture(self, i):
        return read_picture(self.pairs[i][0])

    def labels(self, i):
        from PIL import Image  # keeps palette values, which OpenCV turns into colours
        return np.array(Image.open(self.pairs[i][1]))


class SavClip:
    """Pictures or a video with run-length masks."""

    def __init__(self, json_path, pictures, video):
        with open(json_path) as file:
            self.masklet = json.load(file)["masklet"]
        self.paths, self.video = pictures, video
        total = len(pictures) if pictures else len(read_video(video))
        self.every = max(1, round(total / max(1, len(self.masklet))))
        self.count = min(len(self.masklet), (total - 1) // self.every + 1)

    def __len__(self):
        return self.count

    def picture(self, i):
        i *= self.every
        return read_picture(self.paths[i]) if self.paths else read_video(self.video)[i]

    def labels(self, i):
        objects = self.masklet[i]
        labels = np.zeros(objects[0]["size"] if objects else (1, 1), np.uint8)
        for value, rle in enumerate(objects, 1):
            labels[decode_run_length(rle)] = value
        return labels


def davis_clips(root):
    for labels in sorted(set(glob.glob(f"{root}/Annotations/*")) | set(glob.glob(f"{root}/Annotations/*/*"))):
        pictures = labels.replace("/Annotations/", "/JPEGImages/", 1)
        if os.path.isdir(labels) and pictures_in(labels) and os.path.isdir(pictures):
            yield DavisClip(pictures, labels)


def sav_clips(root):
    for path in sorted(glob.glob(f"{root}/*.json")):
        name = os.path.join(root, JSON_NAME.match(os.path.basename(path)).group(1))
        folders = [name, os.path.join(root, "JPEGImages_24fps", os.path.basename(name))]
        pictures = next((p for p in map(pictures_in, folders) if p), [])
        if pictures or os.path.exists(name + ".mp4"):
            yield SavClip(path, pictures, name + ".mp4")


def open_folder(root):
    """-> clips of either layout; raises where there are none."""
    clips = [c for c in [*davis_clips(root), *sav_clips(root)] if len(c)]
    if not clips:
        raise SystemExit(f"{root}: no clips in DAVIS layout (JPEGImages/ and Annotations/) or SA-V layout (*.json with masklets)")
    return clips
