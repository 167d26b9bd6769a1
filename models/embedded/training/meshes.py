"""Three-dimensional things in glTF's binary form (.glb, Khronos 2.0): triangles, parts and colours in a pose of their own. Runs in Python."""
import json
import struct
from dataclasses import dataclass

import numpy as np

COMPONENTS = {5120: np.int8, 5121: np.uint8, 5122: np.int16, 5123: np.uint16, 5125: np.uint32, 5126: np.float32}
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}
TRIANGLES = 4  # glTF's primitive mode
MOST_FACES = 60_000


@dataclass
class Mesh:
    """vertices, normals [n, 3] float; faces [m, 3] int; part [m]: number of each face's material; colours [parts, 3] sRGB 0..1"""
    vertices: np.ndarray
    normals: np.ndarray
    faces: np.ndarray
    part: np.ndarray
    colours: np.ndarray


def read_mesh(data, rng):
    """data: bytes of a .glb -> Mesh in a random moment of a random one of its animations, or as it rests where it has none.
    ValueError: no .glb, compressed, without triangles, with too many, or with places that are no numbers."""
    file = Binary(data)
    file.pose(rng)
    pieces = [piece for node in file.drawn() for piece in file.pieces(node)]
    if not pieces or sum(len(faces) for _, _, faces, _ in pieces) > MOST_FACES:
        raise ValueError(f"a model of 1 to {MOST_FACES} triangles was expected, {sum(len(p[2]) for p in pieces)} came")
    starts = np.cumsum([0] + [len(vertices) for vertices, *_ in pieces])
    faces = np.concatenate([faces + start for start, (_, _, faces, _) in zip(starts, pieces)])
    part = np.concatenate([np.full(len(faces), material) for _, _, faces, material in pieces])
    vertices, normals = (np.concatenate([p[k] for p in pieces]) for k in (0, 1))
    if not np.isfinite(vertices).all():
        raise ValueError("a model whose places are numbers was expected, some are none")
    return Mesh(vertices, normals, faces, part, file.colours())


class Binary:
    """One file's tree of nodes"""

    def __init__(self, data):
        if data[:4] != b"glTF":
            raise ValueError(f"a .glb was expected, which begins with glTF; this begins with {data[:4]!r}")
        length, = struct.unpack("<I", data[12:16])
        self.tree, self.bytes = json.loads(data[20:20 + length]), data[28 + length:]
        if "KHR_draco_mesh_compression" in self.tree.get("extensionsUsed", ()):
            raise ValueError("a .glb without Draco's compression was expected")
        self.nodes = self.tree.get("nodes", [])

    def numbers(self, index):
        """-> [count, width] of an accessor"""
        accessor = self.tree["accessors"][index]
        view, kind, width = self.tree["bufferViews"][accessor["bufferView"]], np.dtype(COMPONENTS[accessor["componentType"]]), WIDTHS[accessor["type"]]
        start = view.get("byteOffset", 0) + accessor.get("byteOffset", 0)
        strides = view.get("byteStride", kind.itemsize * width), kind.itemsize
        found = np.ndarray((accessor["count"], width), kind, self.bytes, start, strides)
        return found / np.iinfo(kind).max if accessor.get("normalized") else found

    def pose(self, rng):
        """Moves the nodes to the nearest keys of a random moment"""
        if not self.tree.get("animations"):
            return
        moment, animation = rng.random(), self.tree["animations"][rng.integers(len(self.tree["animations"]))]
        for channel in animation["channels"]:
            sampler, target = animation["samplers"][channel["sampler"]], channel["target"]
            times, values = self.numbers(sampler["input"])[:, 0], self.numbers(sampler["output"])
            if target["path"] != "weights" and "node" in target and len(values) == len(times):
                self.nodes[target["node"]][target["path"]] = values[np.abs(times - times[-1] * moment).argmin()].tolist()

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


def matrix(node):
    """-> [4, 4] of a node in its parent"""
    if "matrix" in node:
        return np.array(node["matrix"], float).reshape(4, 4).T
    x, y, z, w = node.get("rotation", (0, 0, 0, 1))
    turn = np.array([[1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
                     [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
                     [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)]])
    made = np.eye(4)
    made[:3, :3] = turn * np.array(node.get("scale", (1, 1, 1)), float)
    made[:3, 3] = node.get("translation", (0, 0, 0))
    return made
