#!/usr/bin/env python3
"""Real footage with masks: objects that were marked by hand on one frame are cut out and followed. Runs in Python, offline.

    python footage.py --mirrors DIR --out .cache/footage --sheet footage.png
    python footage.py --mirrors DIR --out .cache/handheld --marks handheld.json

DIR holds a bare clone of each repository in the list (footage.json, or the one of --marks) as OWNER+NAME/repo. Writes
OUT/train and OUT/val in DAVIS layout, as `train.py --extra OUT/train` takes it. The marks are ours: a box around the object
and a few lines on it (and beside it), in shares of the frame's width and height. From them colours tell the object from its
surroundings (GrabCut: Rother et al., 2004), on the marked frame and then on each next one, where optical flow (DIS: Kroeger
et al., 2016) says what is surely inside and surely outside. No network takes part. What fails is seen on the sheet and not
listed.
"""
import argparse
import json
import multiprocessing
import os
import subprocess
import tempfile

import cv2
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
WIDTH = 384  # of the stored frames, pixels; the numbers below are for this size
LINE = 7  # width of the hand's lines
BAND, DEEP = 14, 9  # so far outside the moved outline nothing is the object, so far inside everything
LEAST_PART = .08  # of the largest part of an object: smaller ones are dust
LARGEST_HOLE = .01  # of the object: holes up to this are filled
ALIKE = 14  # difference of a channel, of 255: less, and a pixel shows what is there without the object
PLATE_FRAMES = 40  # of the whole video, of which the plate is the median
LEAST_KEPT = .75  # IoU of the moved outline and what was found in it: less, and the object counts as lost
OUTSIDE, INSIDE, MAYBE_OUTSIDE, MAYBE_INSIDE = cv2.GC_BGD, cv2.GC_FGD, cv2.GC_PR_BGD, cv2.GC_PR_FGD


# --- one frame --------------------------------------------------------------------------------------------------

def round_brush(radius):
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))


def cleaned(mask):
    """Without dust and pinholes; mask [H, W] uint8, 0 or 1"""
    mask = cv2.morphologyEx(cv2.morphologyEx(mask, cv2.MORPH_OPEN, round_brush(1)), cv2.MORPH_CLOSE, round_brush(2))
    _, parts, stats, _ = cv2.connectedComponentsWithStats(mask)
    areas = stats[1:, cv2.CC_STAT_AREA]
    if not len(areas):
        return mask
    mask = np.isin(parts, 1 + np.flatnonzero(areas > LEAST_PART * areas.max())).astype(np.uint8)
    _, holes, stats, _ = cv2.connectedComponentsWithStats(1 - mask)
    mask[np.isin(holes, 1 + np.flatnonzero(stats[1:, cv2.CC_STAT_AREA] < LARGEST_HOLE * areas.max()))] = 1
    return mask


def shows_plate(picture, plate):
    """[H, W] bool: larger places that look as they do without the object"""
    soft = lambda image: cv2.GaussianBlur(image, (0, 0), 1).astype(int)
    alike = (np.abs(soft(picture) - soft(plate)).max(2) < ALIKE).astype(np.uint8)
    return cv2.morphologyEx(alike, cv2.MORPH_OPEN, round_brush(2)) > 0


def cut_out(picture, guess, rounds, plate=None):
    """picture [H, W, 3] uint8 BGR, guess [H, W] of GrabCut's four values, plate: the picture without the object where a
    camera stands still -> mask [H, W] uint8, 0 or 1"""
    if plate is not None:
        guess = np.where(shows_plate(picture, plate), OUTSIDE, guess).astype(np.uint8)
    colours = cv2.cvtColor(cv2.bilateralFilter(picture, 5, 20, 3), cv2.COLOR_BGR2LAB)
    guess = guess.copy()
    cv2.setRNGSeed(0)  # GrabCut's colour clusters start at random
    cv2.grabCut(colours, guess, None, np.zeros((1, 65)), np.zeros((1, 65)), rounds, cv2.GC_INIT_WITH_MASK)
    return cleaned(((guess == INSIDE) | (guess == MAYBE_INSIDE)).astype(np.uint8))


def marked(picture, marks, plate=None):
    """marks {"box": [x0, y0, x1, y1], "in": lines, "out": lines}; a line is [x, y, x, y, ...] -> mask"""
    height, width = picture.shape[:2]
    guess = np.full((height, width), OUTSIDE, np.uint8)
    x0, y0, x1, y1 = (round(v) for v in np.array(marks["box"]) * [width, height, width, height])
    guess[y0:y1, x0:x1] = MAYBE_INSIDE
    for value, lines in ((INSIDE, marks["in"]), (OUTSIDE, marks.get("out", []))):
        for line in lines:
            points = (np.array(line).reshape(-1, 2) * [width, height]).astype(np.int32)
            cv2.polylines(guess, [points], False, int(value), LINE)
    return cut_out(picture, guess, 6, plate)


# --- the following ones -----------------------------------------------------------------------------------------

def moved(mask, picture, before):
    """The mask of the frame `before`, moved by optical flow to `picture`"""
    grey = [cv2.cvtColor(p, cv2.COLOR_BGR2GRAY) for p in (picture, before)]
    flow = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(*grey, None)
    y, x = np.indices(mask.shape, np.float32)
    return (cv2.remap(mask.astype(np.float32), x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR) > .5).astype(np.uint8)


def next_mask(mask, picture, before, plate):
    """-> the mask on `picture`, or None where the object is lost"""
    near = moved(mask, picture, before)
    if not near.any():
        return None
    outside, inside = (cv2.distanceTransform(m, cv2.DIST_L2, 3) for m in (1 - near, near))
    guess = np.where(near > 0, MAYBE_INSIDE, np.where(outside < BAND, MAYBE_OUTSIDE, OUTSIDE)).astype(np.uint8)
    guess[inside > DEEP] = INSIDE
    found = cut_out(picture, guess, 2, plate)
    return found if (found & near).sum() >= LEAST_KEPT * (found | near).sum() else None


def followed(pictures, mask, plate):
    """-> masks of the first pictures, up to the one where the object is lost"""
    masks = [mask]
    for before, picture in zip(pictures, pictures[1:]):
        mask = next_mask(mask, picture, before, plate)
        if mask is None:
            break
        masks.append(mask)
    return masks


def rotoscoped(pictures, at, objects, plate=None):
    """Objects marked on picture `at`, followed in both directions -> (first, end, labels [end - first, H, W] uint8) of the
    frames on which all are found; a later object stands before an earlier one"""
    tracks = []
    for marks in objects:
        mask = marked(pictures[at], marks, plate)
        back, on = followed(pictures[at::-1], mask, plate), followed(pictures[at:], mask, plate)
        tracks.append((at - len(back) + 1, back[:0:-1] + on))
    first, end = max(a for a, _ in tracks), min(a + len(masks) for a, masks in tracks)
    labels = np.zeros((end - first, *pictures[0].shape[:2]), np.uint8)
    for value, (a, masks) in enumerate(tracks, 1):
        labels[np.stack(masks[first - a:end - a]) > 0] = value
    return first, end, labels


# --- files ------------------------------------------------------------------------------------------------------

def decoded(raw):
    """bytes of a video -> [BGR uint8, WIDTH wide]"""
    with tempfile.NamedTemporaryFile() as file:
        file.write(raw)
        file.flush()
        video, pictures = cv2.VideoCapture(file.name), []
        while True:
            ok, picture = video.read()
            if not ok:
                return pictures
            pictures.append(cv2.resize(picture, (WIDTH, round(picture.shape[0] * WIDTH / picture.shape[1])), interpolation=cv2.INTER_AREA))


def read_video(mirrors, source, path):
    repo, (name, commit) = os.path.join(mirrors, source["name"], "repo"), (source["name"], source["commit"])
    raw = subprocess.run(["git", "--git-dir", repo, "show", f"{commit}:{path}"], stdout=subprocess.PIPE)
    pictures = decoded(raw.stdout) if not raw.returncode else []
    if not pictures:
        raise SystemExit(f"{name} {commit}: no video at {path}; a bare clone of it is expected at {repo}")
    return pictures


def made(task):
    """(mirrors, source, clip) -> (name, split, pictures, labels)"""
    mirrors, source, clip = task
    cv2.setNumThreads(1)
    a, b, every = clip.get("from", 0), clip.get("to"), clip.get("every", 1)
    whole = read_video(mirrors, source, clip["path"])
    plate = np.median(whole[::max(1, len(whole) // PLATE_FRAMES)], 0).astype(np.uint8) if clip.get("still") else None
    pictures = whole[a:b:every]
    at = (clip.get("at", a) - a) // every
    first, end, labels = rotoscoped(pictures, at, clip["objects"], plate)
    stem = os.path.splitext(os.path.basename(clip["path"]))[0]
    name = "-".join(str(part) for part in (stem, a, clip.get("at", a), clip.get("part")) if part is not None)
    return name, clip.get("split", "train"), pictures[first:end], labels


def write(out, name, split, pictures, labels):
    """One clip in DAVIS layout"""
    for kind in ("JPEGImages", "Annotations"):
        os.makedirs(f"{out}/{split}/{kind}/{name}", exist_ok=True)
    for i, (picture, label) in enumerate(zip(pictures, labels)):
        cv2.imwrite(f"{out}/{split}/JPEGImages/{name}/{i:05d}.jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 95])
        cv2.imwrite(f"{out}/{split}/Annotations/{name}/{i:05d}.png", label)


def strip(name, pictures, labels, count=6):
    """-> some frames of a clip side by side, with outlines"""
    row = []
    for i in np.linspace(0, len(pictures) - 1, count).astype(int):
        picture = pictures[i].copy()
        for value in range(1, labels.max() + 1):
            outlines, _ = cv2.findContours((labels[i] == value).astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
            cv2.drawContours(picture, outlines, -1, ((0, 0, 255), (0, 255, 0), (255, 255, 0))[value % 3], 1)
        row.append(cv2.resize(picture, (300, 190), interpolation=cv2.INTER_AREA))
        cv2.putText(row[-1], f"{name} {i}" if not i else str(i), (3, 12), cv2.FONT_HERSHEY_SIMPLEX, .4, (0, 255, 255), 1)
    return np.hstack(row)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mirrors", required=True)
    parser.add_argument("--out", default=os.path.join(HERE, ".cache", "footage"))
    parser.add_argument("--marks", default=os.path.join(HERE, "footage.json"), help="list of clips and marks")
    parser.add_argument("--sheet", help="a picture of all clips with their outlines")
    parser.add_argument("--only", default="", help="clips whose path has this in it")
    args = parser.parse_args()
    with open(args.marks) as file:
        sources = json.load(file)
    tasks = [(args.mirrors, source, clip) for source in sources for clip in source["clips"] if args.only in clip["path"]]
    strips = []
    with multiprocessing.get_context("fork").Pool(2) as team:
        for name, split, pictures, labels in team.imap(made, tasks):
            write(args.out, name, split, pictures, labels)
            strips.append(strip(name, pictures, labels))
            print(f"{name}: {len(pictures)} frames, {labels.max()} objects, {split}", flush=True)
    if args.sheet:
        cv2.imwrite(args.sheet, np.vstack(strips))


if __name__ == "__main__":
    main()
