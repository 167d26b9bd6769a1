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
PLACE_GAIN = 2.2  # a click on a grid of 16 x 16 positions: most of its attention stays within two of them
CONTENT_GAIN = .3  # coarse features start weaker than the position codes
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


def place_and_content(width):
    """-> (place, content): the channels that carry a position's code and those that carry what is there. Place is the
    sines and cosines of every other random frequency, so that each channel pair cos(a)cos(b) + sin(a)sin(b) compares."""
    pairs = torch.arange(0, width // 2, 2)
    place = torch.cat([pairs, pairs + width // 2])
    content = torch.tensor([c for c in range(width) if c not in set(place.tolist())])
    return place, content


def same_place(projection, place, heads):
    """q or k of an attention at half width: each head compares its own frequencies, sine with sine, cosine with cosine."""
    inner, width = projection.weight.shape
    nn.init.zeros_(projection.weight)
    half, a_head = len(place) // 2, inner // heads
    for row in range(inner):
        head, at = divmod(row, a_head)
        pair = head + heads * (at // 2)
        projection.weight[row, place[pair % half + half * (at % 2)]] = PLACE_GAIN


def init_locality(model):
    """[Note: a click sees what it is on] From the first step a point token looks at the picture where its click is and
    takes over the content there: prompts and pixels share one random Fourier code, half of the channels are kept for
    it, and token-to-image attention compares just those. Nothing else writes to them at first. Half of the heads of
    the second self-attention look at point tokens, which hands the content on to the mask tokens."""
    with torch.no_grad():
        place, content = place_and_content(model.hidden_dim)
        prompt, decoder = model.sam_prompt_encoder, model.sam_mask_decoder
        for conv in model.image_encoder.neck.convs[:2]:
            conv.conv.weight.mul_(CONTENT_GAIN)
            conv.conv.weight[place] *= .1
        prompt.no_mask_embed.weight.mul_(.1)
        tokens = [e.weight for e in prompt.point_embeddings] + [prompt.not_a_point_embed.weight, decoder.obj_score_token.weight,
                  decoder.iou_token.weight, decoder.mask_tokens.weight]
        for weight in tokens:
            weight[:, place] = 0
        marked = content[0]
        for weight in tokens:
            weight[:, marked] = 0
        for embedding in prompt.point_embeddings:
            embedding.weight[:, marked] = 3
        model.memory_attention.norm.weight[place] = .1
        transformer = decoder.transformer
        for layer in transformer.layers:
            layer.self_attn.out_proj.weight[place] = 0
            layer.mlp.layers[-1].weight[place] = 0
        look = transformer.layers[1].self_attn
        half = look.q_proj.weight.shape[0] // 2
        look.q_proj.weight[:half] = 0
        look.q_proj.bias[:half] = 1
        look.k_proj.weight[:half] = 0
        look.k_proj.weight[:half, marked] = .5
        for name, module in transformer.named_modules():
            if "token_to_image" not in name and "image_to_token" not in name or not hasattr(module, "q_proj"):
                continue
            same_place(module.q_proj, place, module.num_heads)
            same_place(module.k_proj, place, module.num_heads)
            module.v_proj.weight[:, place] = 0
            module.out_proj.weight[place] = 0
            if "image_to_token" in name:
                module.out_proj.weight.mul_(.4)
        for name, module in model.named_modules():
            if name.endswith("cross_attn_image") and "memory" in name:
                nn.init.constant_(module.q_proj.bias, .6)
                nn.init.constant_(module.k_proj.bias, .6)


@torch.no_grad()
def calm_features(model, frames):
    """Scales the coarse features, which the encoder's own leg lets grow, to what the decoder starts from: content of
    deviation 1 on `frames` [n, 3, H, W], as memory attention's last norm gives it, and next to nothing where the
    position codes are added. -> the factor"""
    place, content = place_and_content(model.hidden_dim)
    factor = 1 / model.image_encoder(frames)["backbone_fpn"][-1][:, content].std().item()
    for conv in model.image_encoder.neck.convs[:2]:
        for part in (conv.conv.weight, conv.conv.bias):
            part[content] *= factor
            part[place] *= .1 * factor
    return factor


def set_size(model, side):
    """The same weights at another input size in pixels: every position code is relative or interpolated."""
    embed = side // model.backbone_stride
    model.image_size = side
    model.sam_image_embedding_size = embed
    prompt = model.sam_prompt_encoder
    prompt.input_image_size = (side, side)
    prompt.image_embedding_size = (embed, embed)
    prompt.mask_input_size = (4 * embed, 4 * embed)
