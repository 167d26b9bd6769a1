"""Three-dimensional things in glTF's binary form (.glb, Khronos 2.0): triangles, parts and colours in a pose of their own. Runs in Python."""
import json
import struct
from dataclasses import dataclass, replace

import numpy as np

COMPONENTS = {5120: np.int8, 5121: np.uint8, 5122: np.int16, 5123: np.uint16, 5125: np.uint32, 5126: np.float32}
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}
TRIANGLES = 4  # glTF's primitive mode
MOST_FACES = 60_000
LONGEST_EDGE, ROUNDS, MOST_SPLIT = 1 / 10, 3, 30_000  # of the model's size, to which triangles are split; how often, and into how many


class Unreadable(ValueError):
    """Not a model of the kind that is read here; says what was expected and what came"""


@dataclass
class Mesh:
    """vertices, normals [n, 3] float; faces [m, 3] int; part [m]: number of each face's material; colours [parts, 3] sRGB 0..1;
    rest [n, 6]: place and normal of each vertex in the pose that materials are laid on in, so that they stay on what moves"""
    vertices: np.ndarray
    normals: np.ndarray
    faces: np.ndarray
    part: np.ndarray
    colours: np.ndarray
    rest: np.ndarray

    def split(self):
        """The same surface in triangles that are small beside the whole, so that they can be sorted by depth"""
        vertices, faces, part = np.hstack([self.vertices, self.normals, self.rest]), self.faces, self.part
        longest = LONGEST_EDGE * np.ptp(self.vertices, axis=0).max()
        for _ in range(ROUNDS):
            corner = vertices[faces, :3]
            large = np.linalg.norm(corner - np.roll(corner, 1, 1), axis=2).max(1) > longest
            if not large.any() or len(faces) + 3 * large.sum() > MOST_SPLIT:
                break
            a, b, c = faces[large].T
            ab, bc, ca = (len(vertices) + k * len(a) + np.arange(len(a)) for k in range(3))
            vertices = np.concatenate([vertices, *((vertices[i] + vertices[j]) / 2 for i, j in ((a, b), (b, c), (c, a)))])
            faces = np.concatenate([faces[~large], *(np.stack(t, 1) for t in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca)))])
            part = np.concatenate([part[~large], *[part[large]] * 4])
        return Mesh(vertices[:, :3], vertices[:, 3:6], faces, part, self.colours, vertices[:, 6:])

    def rounded(self):
        """The same with one normal for all corners that meet, as if what is coarse were smooth"""
        size = np.ptp(self.vertices, axis=0).max()
        _, place = np.unique(np.round(self.vertices / size * 1000), axis=0, return_inverse=True)
        together = np.stack([np.bincount(place.ravel(), normal) for normal in self.normals.T], 1)[place.ravel()]
        return replace(self, normals=together / np.linalg.norm(together, axis=1, keepdims=True).clip(1e-9))


def read_poses(data, rng, count=1, pace=0.):
    """data: bytes of a .glb -> [Mesh] of the same topology at `count` moments of a random one of its animations, `pace` of
    its length apart, from a random one on; as it rests where it has none.
    Unreadable: no .glb, cut short, compressed, without triangles, with too many, or with places that are no numbers."""
    file, animation, start = Binary(data), None, 0.
    if file.tree.get("animations"):
        start, animation = rng.random(), file.tree["animations"][rng.integers(len(file.tree["animations"]))]
    poses = [file.mesh(animation, (start + k * pace) % 1) for k in range(count)]
    return [replace(pose, rest=poses[0].rest) for pose in poses]


class Binary:
    """One file's tree of nodes"""

    def __init__(self, data):
        if data[:4] != b"glTF":
            raise Unreadable(f"a .glb was expected, which begins with glTF; this begins with {data[:4]!r}")
        whole = int.from_bytes(data[8:12], "little")
        if len(data) < max(whole, 28):
            raise Unreadable(f"a .glb of {max(whole, 28)} bytes was expected, {len(data)} came")
        length, = struct.unpack("<I", data[12:16])
        self.tree, self.bytes = json.loads(data[20:20 + length]), data[28 + length:]
        if "KHR_draco_mesh_compression" in self.tree.get("extensionsUsed", ()):
            raise Unreadable("a .glb without Draco's compression was expected")
        self.nodes = self.tree.get("nodes", [])

    def numbers(self, index):
        """-> [count, width] of an accessor"""
        accessor = self.tree["accessors"][index]
        view, kind, width = self.tree["bufferViews"][accessor["bufferView"]], np.dtype(COMPONENTS[accessor["componentType"]]), WIDTHS[accessor["type"]]
        start = view.get("byteOffset", 0) + accessor.get("byteOffset", 0)
        strides = view.get("byteStride", kind.itemsize * width), kind.itemsize
        found = np.ndarray((accessor["count"], width), kind, self.bytes, start, strides)
        return found / np.iinfo(kind).max if accessor.get("normalized") else found

    def mesh(self, animation, moment):
        """-> Mesh at a moment (0 to 1) of an animation, or of none"""
        self.pose(animation, moment)
        pieces = [piece for node in self.drawn() for piece in self.pieces(node)]
        if not 0 < sum(len(faces) for _, _, faces, _ in pieces) <= MOST_FACES:
            raise Unreadable(f"a model of 1 to {MOST_FACES} triangles was expected, {sum(len(p[2]) for p in pieces)} came")
        vertices, normals = (np.concatenate([p[k] for p in pieces]) for k in (0, 1))
        if not np.isfinite(vertices).all():
            raise Unreadable("a model whose places are numbers was expected, some are none")
        starts = np.cumsum([0] + [len(p[0]) for p in pieces])
        faces = np.concatenate([faces + start for start, (_, _, faces, _) in zip(starts, pieces)])
        part = np.concatenate([np.full(len(faces), material) for _, _, faces, material in pieces])
        return Mesh(vertices, normals, faces, part, self.colours(), np.hstack([vertices, normals]))

    def pose(self, animation, moment):
        """Moves the nodes to a moment between an animation's keys"""
        for channel in animation["channels"] if animation else ():
            sampler, target = animation["samplers"][channel["sampler"]], channel["target"]
            times, values = self.numbers(sampler["input"])[:, 0], self.numbers(sampler["output"])
            if target["path"] != "weights" and "node" in target and len(values) == len(times):
                self.nodes[target["node"]][target["path"]] = between_keys(times, values, times[-1] * moment).tolist()

    def drawn(self):
        """Sets each node's place in the world [4, 4] -> the nodes with a mesh"""
        scene = self.tree["scenes"][self.tree.get("scene", 0)]
        waiting = [(index, np.eye(4)) for index in scene["nodes"]]
        self.place = {}
        while waiting:
            index, parent = waiting.pop()
            self.place[index] = parent @ matrix(self.nodes[index])
            waiting += [(child, self.place[index]) for child in self.nodes[index].get("children", ())]
        return [index for index in self.place if "mesh" in self.nodes[index]]

    def pieces(self, index):
        """-> [(vertices, normals, faces, material)] of a node"""
        node, made = self.nodes[index], []
        for primitive in self.tree["meshes"][node["mesh"]]["primitives"]:
            attributes = primitive["attributes"]
            if primitive.get("mode", TRIANGLES) != TRIANGLES or "NORMAL" not in attributes:
                continue
            vertices, normals = (self.numbers(attributes[name]).astype(float) for name in ("POSITION", "NORMAL"))
            faces = self.numbers(primitive["indices"])[:, 0] if "indices" in primitive else np.arange(len(vertices))
            world = self.skinned(node, attributes) if "skin" in node and "JOINTS_0" in attributes else self.place[index][None]
            turned = (world[:, :3, :3] @ normals[..., None])[..., 0]
            made.append(((world[:, :3, :3] @ vertices[..., None])[..., 0] + world[:, :3, 3], turned / np.linalg.norm(turned, axis=1, keepdims=True).clip(1e-9),
                         faces.reshape(-1, 3).astype(int), primitive.get("material", 0)))
        return made

    def skinned(self, node, attributes):
        """-> [n, 4, 4] where each vertex is taken by its bones"""
        skin = self.tree["skins"][node["skin"]]
        rest = self.numbers(skin["inverseBindMatrices"]).reshape(-1, 4, 4).transpose(0, 2, 1)
        bones = np.stack([self.place[joint] for joint in skin["joints"]]) @ rest
        return np.einsum("nk,nkij->nij", self.numbers(attributes["WEIGHTS_0"]), bones[self.numbers(attributes["JOINTS_0"]).astype(int)])

    def colours(self):
        """-> [parts, 3] sRGB 0..1; white where none is named"""
        materials = self.tree.get("materials") or [{}]
        linear = [m.get("pbrMetallicRoughness", {}).get("baseColorFactor", [1, 1, 1, 1])[:3] for m in materials]
        return np.clip(np.array(linear, float), 0, 1) ** (1 / 2.2)


def between_keys(times, values, time):
    """-> value at a time, linearly between its neighbours; of a rotation's two signs the nearer one, `matrix` sets its length"""
    after = int(np.searchsorted(times, time).clip(0, len(times) - 1))
    before = max(after - 1, 0)
    share = np.clip((time - times[before]) / max(times[after] - times[before], 1e-9), 0, 1)
    sign = -1 if len(values[after]) == 4 and values[before] @ values[after] < 0 else 1
    return values[before] * (1 - share) + values[after] * sign * share


def matrix(node):
    """-> [4, 4] of a node in its parent"""
    if "matrix" in node:
        return np.array(node["matrix"], float).reshape(4, 4).T
    turn = np.array(node.get("rotation", (0, 0, 0, 1)), float)
    x, y, z, w = turn / max(np.linalg.norm(turn), 1e-9)
    turn = np.array([[1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
                     [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
                     [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)]])
    made = np.eye(4)
    made[:3, :3] = turn * np.array(node.get("scale", (1, 1, 1)), float)
    made[:3, 3] = node.get("translation", (0, 0, 0))
    return made
