#!/usr/bin/env python3
"""Writes the mean of several weights, float16, in upstream's format. Runs in Python.

    SAM2_REF=DIR python average.py OUT WEIGHTS WEIGHTS...
    SAM2_REF=DIR python average.py OUT WEIGHTS WEIGHTS... --score=-1

`--score` moves every object score by so much: below 0 the object is hidden. Means of weights call too little hidden
(items 32 and 33 of the README).
"""
import argparse

import upstream
upstream.use()

import torch

from train import mean_weights

SCORE = "sam_mask_decoder.pred_obj_score_head.layers.2.bias"  # added to each object score, a logit


def mean_for_use(paths, score=0.):
    """-> state dict, float16"""
    state = {key: value.half() for key, value in mean_weights(paths).items()}
    state[SCORE] += score
    return state


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("weights", nargs="+")
    parser.add_argument("--score", type=float, default=0., help="added to the object score")
    args = parser.parse_args()
    torch.save({"model": mean_for_use(args.weights, args.score)}, args.out)


if __name__ == "__main__":
    main()
