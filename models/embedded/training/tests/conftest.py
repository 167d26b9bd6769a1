"""Shared by the tests of the training: a small picture pool that needs no fetched data. Runs in pytest."""
import os
import sys

import pytest

TRAINING = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, TRAINING)

pytest.importorskip("torch", reason="the training needs PyTorch")
pytest.importorskip("skimage", reason="regions of photographs need scikit-image")
if not os.path.isdir(os.path.join(os.environ.get("SAM2_REF", ""), "sam2", "sam2")):
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session")
def pool(tmp_path_factory):
    """A pool of 24 procedural textures and 6 backgrounds: no photograph, no sprite."""
    import textures
    folder = str(tmp_path_factory.mktemp("pool"))
    textures.build_pool(folder, sprites=[], photos=[], cut_outs=24, backgrounds=6, held_out=.5, workers=1)
    textures.build_plain_pool(folder, cut_outs=12, backgrounds=4, workers=1)
    return folder
