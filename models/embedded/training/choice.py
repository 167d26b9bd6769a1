#!/usr/bin/env python3
"""Teaches finished weights to choose among the masks of a click: fits the head that guesses each mask's IoU, and nothing
else. Runs in Python on CPU, one process.

    SAM2_REF=DIR python choice.py WEIGHTS OUT --pool .cache/pool --extra .cache/footage/train --kept-aside .cache/footage/val

[Note: fitted last] The best of a click's three masks is 0.08 better (J) than the one that the network chooses. A training step
sees a dozen clicks, and the masks that are to be judged change under the head. Once they stay, a click is 192 numbers and
the true IoU of three masks: thousands are looked at once, and the head is fitted to them in seconds. What it guesses while
it follows is kept: fitted to few clips, it became worse there. The clicks are in the middle of things, as a person's are and
as DAVIS and upstream score: where a click is says how far the thing reaches. (In the training half of them are anywhere.)
"""
import argparse
import os
import random
from functools import partial

import upstream
upstream.use()

import numpy as np
import torch
import torch.nn.functional as F

import clips
from losses import iou, regret
from network import build, normalised, set_size
from unroll import Unroll, pick_objects

HERE = os.path.dirname(os.path.abspath(__file__))
SEED, OBJECTS = 31, 4
FOLLOWED_EVERY = 4  # clips, of which one goes on for a frame; the others are single pictures
LEAST = .001  # of the picture that an object covers
RATE, ROUNDS, BATCH = 3e-4, 5, 64
HEAD = "sam_mask_decoder.iou_prediction_head"


class Clicks:
    """What the head reads and what would be right, of clicks and of the frames that are followed after them.

    tokens [n, d]: its input; real [n, 3]: true IoU of the three masks; followed [m, d]: its input on the later frames
    """

    def __init__(self):
        self.tokens, self.real, self.followed = [], [], []

    def joined(self):
        return [torch.cat(part) for part in (self.tokens, self.real, self.followed)]


@torch.no_grad()
def look(model, source, count, side, seed, clicks, prompt="inner"):
    """Clicks things in `count` clips of `source` (see clips.py), each drawn or read at `side` pixels, into `clicks`.
    prompt: as first_prompt takes it"""
    rng, unroll = np.random.default_rng(seed), Unroll(model)
    random.seed(seed)
    torch.manual_seed(seed)
    read = []
    hook = model.sam_mask_decoder.iou_prediction_head.register_forward_pre_hook(lambda head, args: read.append(args[0]))
    for number in range(count):
        frames = 1 if number % FOLLOWED_EVERY else 2
        pixels, ids = (torch.from_numpy(part) for part in source.batch(rng, 1, frames, side))
        masks = pick_objects(ids, OBJECTS, anything=True)
        large = masks[0].flatten(1).float().mean(1) >= LEAST

        def note(t, raw, weight):
            if t > 0:
                return clicks.followed.append(read[-1])
            logits = F.interpolate(raw[0], (side, side), mode="bilinear", align_corners=False)
            clicks.tokens.append(read[-1][large])
            clicks.real.append(iou(logits, masks[0].float().expand_as(logits))[large])

        unroll(unroll.features(normalised(pixels.permute(0, 1, 4, 2, 3))), masks, OBJECTS, prompt, on_frame=note)
        read.clear()
    hook.remove()
    unroll.close()
    return clicks


def chosen(head, tokens, real):
    """-> mean true IoU of the masks that the head chooses"""
    with torch.no_grad():
        return real.gather(1, head(tokens)[:, 1:].argmax(1, keepdim=True)).mean().item()


def fit(head, tokens, real, followed, seed=SEED):
    """In place: the size of each guess and their order, as frame_loss asks for both. The guess of the single mask (0), and
    all of the followed frames, stay."""
    torch.manual_seed(seed)
    with torch.no_grad():
        before, before_followed = head(tokens), head(followed)
    optimiser, steps = torch.optim.AdamW(head.parameters(), RATE, weight_decay=0.), ROUNDS * -(-len(tokens) // BATCH)
    falling = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: 1 - step / steps)
    for batch in (batch for _ in range(ROUNDS) for batch in torch.randperm(len(tokens)).split(BATCH)):
        kept = torch.randint(len(followed), (BATCH,))
        guess = head(tokens[batch])
        loss = regret(guess[:, 1:], real[batch]).mean() + (guess[:, 1:] - real[batch]).abs().mean()
        loss = loss + (guess[:, 0] - before[batch, 0]).abs().mean() + (head(followed[kept]) - before_followed[kept]).abs().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        falling.step()


def sources(pool, split, extra):
    """-> {name: what clips are drawn from}"""
    drawn = clips.SyntheticClips(pool, split, cuts=split == "train", models=2)
    made = dict(scenes=drawn, photographs=clips.NaturalClips(pool, split))
    return {**made, "footage": clips.ExtraClips([extra])} if extra else made


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights")
    parser.add_argument("out")
    parser.add_argument("--pool", default=os.path.join(HERE, ".cache", "pool"))
    parser.add_argument("--extra", default="", help="folder of real clips, as train.py takes it")
    parser.add_argument("--kept-aside", default="", help="folder of real clips to measure on")
    parser.add_argument("--clips", type=int, default=500, help="of each kind; a quarter as many held out")
    parser.add_argument("--side", type=int, default=384, help="of the input, pixels")
    args = parser.parse_args()
    torch.set_num_threads(1)
    state = torch.load(args.weights, map_location="cpu", weights_only=True)["model"]
    model = build(os.path.join(HERE, "..", "masklet-nano.yaml")).eval().requires_grad_(False)
    model.load_state_dict({key: value.float() for key, value in state.items()})
    set_size(model, args.side)
    looked = partial(look, model, side=args.side)
    learnt = Clicks()
    for number, source in enumerate(sources(args.pool, "train", args.extra).values()):
        looked(source, args.clips, seed=SEED + number, clicks=learnt)
    held_out = {f"{name}, {where}": looked(source, args.clips // 4, seed=SEED - 1, clicks=Clicks(), prompt=prompt).joined()
                for name, source in sources(args.pool, "val", args.kept_aside).items()
                for where, prompt in (("in the middle", "inner"), ("half of them anywhere", "click"))}
    head = model.sam_mask_decoder.iou_prediction_head.requires_grad_(True)
    before = {name: chosen(head, *part[:2]) for name, part in held_out.items()}
    fit(head, *learnt.joined())
    for name, (tokens, real, _) in held_out.items():
        print(f"{name}: {len(tokens)} clicks, J of the first mask {before[name]:.3f} -> {chosen(head, tokens, real):.3f}, of the best of three {real.max(1).values.mean():.3f}", flush=True)
    fitted = {f"{HEAD}.{key}": value.detach().half() for key, value in head.state_dict().items()}
    torch.save({"model": {**state, **fitted}}, args.out)


if __name__ == "__main__":
    main()
