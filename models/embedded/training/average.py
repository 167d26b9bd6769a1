#!/usr/bin/env python3
"""Writes the mean of several weights, float16, in upstream's format. Runs in Python.

    SAM2_REF=DIR python average.py OUT WEIGHTS WEIGHTS...
"""
import argparse

import upstream
upstream.use()

import torch

from train import mean_weights


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("weights", nargs="+")
    args = parser.parse_args()
    torch.save({"model": {key: value.half() for key, value in mean_weights(args.weights).items()}}, args.out)


if __name__ == "__main__":
    main()
