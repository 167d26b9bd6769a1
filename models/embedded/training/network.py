"""Builds the official SAM 2.1 network from a yaml and gives it a start from which a small model learns. Runs in Python.

The classes are upstream's, imported; only initial values are set here.
"""
import upstream
upstream.use()

import torch
import torch.nn as nn
import yaml
from hydra.utils import instantiate

PRESENT_BIAS = 2.0  # logit: the object score starts at "visible", otherwise its gate hides every mask
MEAN = torch.tensor([.485, .456, .406]).view(3, 1, 1) * 255
STD = torch.tensor([.229, .224, .225]).view(3, 1, 1) * 255


def normalised(frames):
    """uint8 or float pixels 0..255 [..., 3, H, W] -> the network's input."""
    return (frames.float() - MEAN) / STD


def build(config_path):
    """-> SAM2Base with random weights."""
    with open(config_path) as file:
        model = instantiate(yaml.safe_load(file)["model"], _recursive_=True)
    init_trunk(model)
    init_heads(model)
    init_mask_prior(model)
    init_locality(model)
    return model


def init_trunk(model):
    for name, p in model.image_encoder.trunk.named_parameters():
        if name in ("pos_embed", "pos_embed_window"):
            nn.init.trunc_normal_(p, std=.02)
        elif name.startswith("blocks") and name.endswith("weight") and p.dim() == 2:
            nn.init.trunc_normal_(p, std=.02 if "qkv" in name else .8 * p.shape[1] ** -.5)


def init_heads(model):
    """PyTorch's default gain starves a deep decoder that has no pretraining: Kaiming/Xavier outside the trunk."""
    for name, module in model.named_modules():
        if "trunk" in name:
            continue
        if isinstance(module, nn.Linear):
            feeds_relu = any(part in name for part in ("mlp", "linear", "hypernetworks"))
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu") if feeds_relu else nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.bias)
        elif isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)) and module.groups == 1:
            transposed = isinstance(module, nn.ConvTranspose2d)
            fan_in = module.weight.shape[0] if transposed else module.weight[0].numel()
            nn.init.normal_(module.weight, std=(1.5 / fan_in) ** .5)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def init_mask_prior(model):
    """Masks start empty. Without it the first hundred steps push every logit down, the tokens pick up one huge common
    vector and the norm after it erases the click (its effect on the tokens fell from 0.36 to 0.0005). One channel of
    the upscaled features is the constant 3 and the hypernetworks start at -1 on it."""
    decoder = model.sam_mask_decoder
    nn.init.constant_(decoder.pred_obj_score_head.layers[2].bias, PRESENT_BIAS)
    with torch.no_grad():
        last = decoder.output_upscaling[3]
        last.weight[:, 0] = 0
        last.bias[0] = 3.
        decoder.conv_s0.weight[0] = 0
        decoder.conv_s0.bias[0] = 0
        for head in decoder.output_hypernetworks_mlps:
            head.layers[2].weight.mul_(.3)
            head.layers[2].bias.zero_()
            head.layers[2].bias[0] = -1.


def init_locality(model):
    """Attention starts local: tied q and k turn softmax(q.k) into the similarity of the Fourier position codes, so a
    click looks at its surroundings; constant q and k biases under RoPE do the same for memory."""
    with torch.no_grad():
        for conv in model.image_encoder.neck.convs[:2]:  # coarse features start weaker than the position codes
            conv.conv.weight.mul_(.3)
        for name, module in model.named_modules():
            if not hasattr(module, "q_proj"):
                continue
            if name.startswith("sam_mask_decoder.transformer") and ("token_to_image" in name or "image_to_token" in name):
                nn.init.orthogonal_(module.q_proj.weight, gain=1.7)
                module.k_proj.weight.copy_(module.q_proj.weight)
                module.out_proj.weight.mul_(.4)
            elif name.endswith("cross_attn_image"):
                nn.init.constant_(module.q_proj.bias, .6)
                nn.init.constant_(module.k_proj.bias, .6)


def set_size(model, side):
    """The same weights at another input size in pixels: every position code is relative or interpolated."""
    embed = side // model.backbone_stride
    model.image_size = side
    model.sam_image_embedding_size = embed
    prompt = model.sam_prompt_encoder
    prompt.input_image_size = (side, side)
    prompt.image_embedding_size = (embed, embed)
    prompt.mask_input_size = (4 * embed, 4 * embed)
