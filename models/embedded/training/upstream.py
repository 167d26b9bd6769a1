"""Makes the official `sam2` package importable as a library: a checkout named by SAM2_REF, unmodified. Runs in Python.

SAM2_REF is the folder that holds the checkout as `sam2/`. The shims stand in for hydra, omegaconf and iopath, which
the official code imports but which training does not need.
"""
import os
import sys

import torch

HERE = os.path.dirname(os.path.abspath(__file__))
SHIMS = os.path.join(HERE, "shims")


def use():
    """Puts the shims and the checkout on the path; raises where SAM2_REF is missing. Turns NNPACK off: a processor that
    it doesn't support is asked anew at each convolution, which is 4 % of a training step."""
    torch.backends.nnpack.set_flags(False)
    reference = os.environ.get("SAM2_REF")
    if not reference or not os.path.isdir(os.path.join(reference, "sam2", "sam2")):
        raise SystemExit("SAM2_REF must name the folder that holds a checkout of the official repository as sam2/")
    for path in (os.path.join(reference, "sam2"), SHIMS, HERE):
        if path not in sys.path:
            sys.path.insert(0, path)
