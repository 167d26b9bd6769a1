"""Objects marked on one frame are cut out and followed, until they are lost. Runs in pytest."""
import json
import os
import subprocess

import cv2
import numpy as np
import pytest

import folders
import footage
import merging

BOX = {"box": [.3, .2, .7, .8], "in": [[.45, .5, .55, .5]]}


def frame(x, y, radius=30, seed=0):
    """A striped disk at (x, y) on soft noise that stands still -> (picture [160, 240, 3] BGR, mask)"""
    rng = np.random.default_rng(seed)
    ground = cv2.GaussianBlur(rng.normal(0, 60, (160, 240, 3)), (0, 0), 3) + [150, 110, 60]
    rows, columns = np.indices((160, 240))
    disk = (columns - x) ** 2 + (rows - y) ** 2 < radius ** 2
    stripes = 150 + 60 * np.sin((columns - x) / 4)[..., None] + np.array([-120, -60, 40])
    return np.clip(np.where(disk[..., None], stripes, ground), 0, 255).astype(np.uint8), disk


def test_a_box_and_a_line_give_the_outline():
    picture, disk = frame(120, 80)
    assert merging.overlap(footage.marked(picture, BOX) > 0, disk) > .95


def test_a_line_beside_the_object_takes_away_what_it_touches():
    picture, disk = frame(120, 80)
    beside = picture.copy()
    cv2.rectangle(beside, (152, 60), (165, 100), (30, 90, 190), -1)  # of the disk's colour, touching it, inside the box
    with_it = footage.marked(beside, BOX)[60:100, 155:165].mean()
    without = footage.marked(beside, {**BOX, "out": [[.66, .42, .66, .58]]})[60:100, 155:165].mean()
    assert with_it > .8 and without < .3


def test_what_is_marked_is_followed_in_both_directions():
    made = [frame(90 + 5 * t, 80 + 2 * t) for t in range(9)]
    first, end, labels = footage.rotoscoped([p for p, _ in made], 4, [{"box": [.25, .2, .75, .95], "in": [[.42, .55, .5, .55]]}])
    assert (first, end) == (0, 9)
    assert all(merging.overlap(label == 1, disk) > .93 for label, (_, disk) in zip(labels, made))


def test_a_clip_ends_where_its_object_is_gone():
    pictures = [frame(120, 80)[0]] * 3 + [frame(-99, 80)[0]] * 3
    first, end, labels = footage.rotoscoped(pictures, 0, [BOX])
    assert (first, end) == (0, 3)


def test_what_stands_still_is_not_the_object_where_the_plate_is_known():
    plate = frame(-99, 80)[0]
    cv2.rectangle(plate, (150, 60), (175, 100), (30, 90, 190), -1)  # a thing of the disk's colour that the disk touches
    disk = frame(120, 80)[1]
    picture = np.where(disk[..., None], frame(120, 80)[0], plate)
    marks = {"box": [.2, .2, .8, .8], "in": [[.45, .5, .55, .5]]}
    assert merging.overlap(footage.marked(picture, marks) > 0, disk) < .85
    assert merging.overlap(footage.marked(picture, marks, plate) > 0, disk) > .93


@pytest.fixture
def mirrors(tmp_path):
    """A repository with one short video, as a bare clone -> (folder, source)"""
    work = tmp_path / "work"
    work.mkdir()
    writer = cv2.VideoWriter(str(work / "disk.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 10, (240, 160))
    for t in range(6):
        writer.write(frame(100 + 4 * t, 80)[0])
    writer.release()
    git = lambda *args, at=work: subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@t", *args], cwd=at, check=True, capture_output=True, text=True).stdout
    git("init", "-q"), git("add", "."), git("commit", "-qm", "a video")
    git("clone", "-q", "--bare", str(work), str(tmp_path / "owner+name" / "repo"), at=tmp_path)
    return str(tmp_path), dict(name="owner+name", commit=git("rev-parse", "HEAD").strip())


def test_a_video_becomes_a_clip_in_davis_layout(mirrors, tmp_path):
    folder, source = mirrors
    marks = {"box": [.2, .2, .8, .8], "in": [[.42, .5, .5, .5]]}
    footage.write(str(tmp_path / "out"), *footage.made((folder, source, {"path": "disk.avi", "at": 2, "objects": [marks]})))
    clip, = folders.open_folder(str(tmp_path / "out" / "train"))
    assert len(clip) == 6 and clip.picture(0).shape == (256, footage.WIDTH, 3)
    scale = footage.WIDTH / 240
    assert abs((clip.labels(5) == 1).sum() / (np.pi * (30 * scale) ** 2) - 1) < .06


def test_a_video_that_is_not_there_is_named(mirrors):
    folder, source = mirrors
    with pytest.raises(SystemExit, match="owner.name .* no video at other.avi; a bare clone of it is expected at"):
        footage.read_video(folder, source, "other.avi")


@pytest.mark.parametrize("marks", ["footage.json", "handheld.json"])
def test_every_mark_lies_in_its_frame_and_every_line_in_its_box(marks):
    with open(os.path.join(footage.HERE, marks)) as file:
        objects = [o for source in json.load(file) for clip in source["clips"] for o in clip["objects"]]
    for marks in objects:
        x0, y0, x1, y1 = marks["box"]
        assert 0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1
        for line in marks["in"]:
            points = np.array(line).reshape(-1, 2)
            assert len(points) >= 2 and (points >= [x0, y0]).all() and (points <= [x1, y1]).all()
