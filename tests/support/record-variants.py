"""Records what the official implementation gives for the models of model-variants.ts.

    WRITE_VARIANTS=FOLDER npx vitest run --root . --config tests/vitest.config.ts tests/node/models-variants.test.ts
    PYTHONPATH=SAM2:models/embedded/training/shims python tests/support/record-variants.py FOLDER \
        tests/fixtures/official-variants.json

SAM2 is a checkout of facebookresearch/sam2; needs torch, numpy and PyYAML.
"""
import importlib
import json
import os
import struct
import sys

import numpy as np
import torch
import yaml

BACKBONES = "sam2.modeling.backbones"
CLASSES = {
    "model": "sam2.modeling.sam2_base.SAM2Base",
    "image_encoder": f"{BACKBONES}.image_encoder.ImageEncoder",
    "trunk": f"{BACKBONES}.hieradet.Hiera",
    "neck": f"{BACKBONES}.image_encoder.FpnNeck",
    "position_encoding": "sam2.modeling.position_encoding.PositionEmbeddingSine",
    "memory_attention": "sam2.modeling.memory_attention.MemoryAttention",
    "memory_attention.layer": "sam2.modeling.memory_attention.MemoryAttentionLayer",
    "self_attention": "sam2.modeling.sam.transformer.RoPEAttention",
    "cross_attention": "sam2.modeling.sam.transformer.RoPEAttention",
    "memory_encoder": "sam2.modeling.memory_encoder.MemoryEncoder",
    "mask_downsampler": "sam2.modeling.memory_encoder.MaskDownSampler",
    "fuser": "sam2.modeling.memory_encoder.Fuser",
    "fuser.layer": "sam2.modeling.memory_encoder.CXBlock",
}


def build(key, value, parent=""):
    if not isinstance(value, dict):
        # PyYAML reads 1e-6 as text.
        return float(value) if isinstance(value, str) and value[:1].isdigit() else value
    module, name = CLASSES.get(f"{parent}.{key}", CLASSES.get(key)).rsplit(".", 1)
    arguments = {k: build(k, v, key) for k, v in value.items()}
    return getattr(importlib.import_module(module), name)(**arguments)


def read_weights(path):
    data = open(path, "rb").read()
    size = struct.unpack("<Q", data[:8])[0]
    tensors = {}
    for name, entry in json.loads(data[8 : 8 + size]).items():
        count = int(np.prod(entry["shape"]))
        values = np.frombuffer(data, "<f4", count, 8 + size + entry["data_offsets"][0])
        tensors[name] = torch.from_numpy(values.copy().reshape(entry["shape"]))
    return tensors


def sampled(tensor):
    values = tensor.flatten().tolist()
    return [float(np.float32(v)) for v in values[:: max(1, len(values) // 64)]]


def outputs(model, read):
    size, d, m = model.image_size, model.hidden_dim, model.mem_dim
    side = size // 16
    encoded = model.forward_image(read("image", 1, 3, size, size))
    features = encoded["backbone_fpn"]
    _, vision, positions, sizes = model._prepare_backbone_features(encoded)
    memories = read("memories", 3, side * side, m).permute(0, 2, 1).reshape(3, 1, m, side, side)
    pointers = read("pointers", 3, 1, d)
    place = model.memory_encoder.position_encoding(memories[0])

    def frame(memory, pointer):
        return {"maskmem_features": memories[memory], "maskmem_pos_enc": [place], "obj_ptr": pointers[pointer]}

    bank = {"cond_frame_outputs": {0: frame(0, 0)}, "non_cond_frame_outputs": {1: frame(1, 2), 2: frame(2, 1)}}
    conditioned = model._prepare_memory_conditioned_features(
        3, False, vision[-1:], positions[-1:], sizes[-1:], bank, 20
    )
    mask = read("mask", 1, 1, 4 * side, 4 * side)
    points = torch.tensor([[[10, 20], [50.5, 60], [3, 4], [90, 100]]])
    labels = torch.tensor([[2, 3, 1, 0]], dtype=torch.int32)
    sparse, dense = model.sam_prompt_encoder(points=(points, labels), boxes=None, masks=mask)
    masks, ious, tokens, score = model.sam_mask_decoder.predict_masks(
        features[2] + model.no_mem_embed.reshape(1, d, 1, 1),
        model.sam_prompt_encoder.get_dense_pe(), sparse, dense, False, features[:2],
    )
    enlarged = torch.nn.functional.interpolate(mask, size=(size, size), mode="bilinear", align_corners=False)
    memory, _ = model._encode_new_memory(vision, sizes, enlarged, torch.tensor([[-1.0]]), False)
    return {
        "features_s4": features[0], "features_s8": features[1], "features_s16": features[2],
        "conditioned": conditioned, "masks": masks, "ious": ious, "object_score": score,
        "object_pointers": model.obj_ptr_proj(tokens), "memory_features": memory,
    }


def record(folder):
    model = build("model", yaml.safe_load(open(f"{folder}/config.yaml"))["model"]).eval()
    model.load_state_dict(read_weights(f"{folder}/weights.safetensors"), strict=True)

    def read(name, *shape):
        return torch.from_numpy(np.fromfile(f"{folder}/{name}.f32", "<f4").reshape(shape))

    with torch.no_grad():
        return {name: sampled(tensor) for name, tensor in outputs(model, read).items()}


if __name__ == "__main__":
    source, target = sys.argv[1:]
    recorded = [record(f"{source}/{i}") for i in sorted(os.listdir(source), key=int)]
    with open(target, "w") as file:
        json.dump(recorded, file, separators=(",", ":"))
