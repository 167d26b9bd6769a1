"""Times the official SAM 2 code on the frames and weights that `against-official.ts` wrote.

Needs PyTorch and a checkout of facebookresearch/sam2 (--sam2 DIR); nothing of it is part of Masklet.
Start it with MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=100000000000: PyTorch's allocator gives large
blocks back to the system on every pass otherwise, which makes it about a quarter slower.

Reads  FOLDER/weights.safetensors, FOLDER/job.json {config, side, threads, fill, click}, FOLDER/frames.u8
Writes FOLDER/official.json {milliseconds: per frame once the bank is full, rss_mb, peak: GFLOP/s of a matrix
       product, the best of before and after}, FOLDER/masks.u8
"""

import argparse
import json
import resource
import struct
import sys
import time
from pathlib import Path

import numpy as np


def read_safetensors(path):
    """{name: float32 array}, by the published layout: length, JSON header, data."""
    data = Path(path).read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + length])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        start, end = (8 + length + offset for offset in entry["data_offsets"])
        tensors[name] = np.frombuffer(data[start:end], np.float32).reshape(entry["shape"]).copy()
    return tensors


def build_predictor(job, weights):
    import torch
    from sam2.build_sam import build_sam2_video_predictor

    torch.set_num_threads(job["threads"])
    predictor = build_sam2_video_predictor(job["config"], None, device="cpu")
    predictor.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
    return predictor


def normalised(frames):
    """[T, S, S, 3] bytes to what the official loader makes of them: float [T, 3, S, S]."""
    import torch

    images = torch.from_numpy(frames).permute(0, 3, 1, 2).float() / 255
    mean = torch.tensor((0.485, 0.456, 0.406))[:, None, None]
    deviation = torch.tensor((0.229, 0.224, 0.225))[:, None, None]
    return (images - mean) / deviation


def track(predictor, images, side, click):
    import sam2.sam2_video_predictor as module

    module.load_video_frames = lambda **_: (images, side, side)
    state = predictor.init_state("frames")
    predictor.add_new_points_or_box(state, 0, 1, points=np.array([click], np.float32), labels=np.array([1]))
    times, masks, last = [], [], time.perf_counter()
    for _, _, logits in predictor.propagate_in_video(state):
        now = time.perf_counter()
        times.append((now - last) * 1000)
        last = now
        masks.append((logits[0, 0] > 0).numpy().astype(np.uint8))
    return times, np.stack(masks)


def matrix_peak(side=1536):
    """GFLOP/s of one square matrix product, the best of five."""
    import torch

    a, b = torch.rand(2, side, side)
    best = float("inf")
    for _ in range(5):
        begun = time.perf_counter()
        a @ b
        best = min(best, time.perf_counter() - begun)
    return 2 * side**3 / best / 1e9


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sam2", required=True, help="folder with a checkout of the official repository")
    parser.add_argument("--shims", help="folder of stand-ins for hydra, omegaconf and iopath")
    arguments = parser.parse_args()
    sys.path[:0] = [path for path in (arguments.shims, arguments.sam2) if path]

    job = json.loads((arguments.folder / "job.json").read_text())
    side = job["side"]
    frames = np.fromfile(arguments.folder / "frames.u8", np.uint8).reshape(-1, side, side, 3)
    predictor = build_predictor(job, read_safetensors(arguments.folder / "weights.safetensors"))
    before = matrix_peak()
    times, masks = track(predictor, normalised(frames), side, job["click"])
    masks.tofile(arguments.folder / "masks.u8")
    result = {
        "milliseconds": times[job["fill"] :],
        "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "peak": max(before, matrix_peak()),
    }
    (arguments.folder / "official.json").write_text(json.dumps(result))


main()
