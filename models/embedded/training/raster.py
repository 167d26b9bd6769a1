"""Draws a Scene: frames as a camera would deliver them, and which object each pixel shows. Runs in Python with OpenCV."""
import cv2
import numpy as np

cv2.setNumThreads(0)
FIRST_OTHER = 4  # ids below it are objects to be tracked; bystanders and occluders follow, one number each
NEAREST_PLANE = .05  # homogeneous depth below which a tilted layer is not drawn


def pixel_to_unit(n):
    """Pixel centres of n pixels -> [-1, 1]"""
    return np.array([[2 / n, 0, 1 / n - 1], [0, 2 / n, 1 / n - 1], [0, 0, 1]])


def unit_to_pixel(n):
    return np.linalg.inv(pixel_to_unit(n))


def shrunk(texture, halvings):
    """Anti-aliasing for layers that are drawn much smaller than their texture"""
    return cv2.resize(texture, None, fx=.5 ** halvings, fy=.5 ** halvings, interpolation=cv2.INTER_AREA) if halvings else texture


def waved(texture, wave):
    """Bends a texture by one sine along each axis; see Layer.wave"""
    n = texture.shape[0]
    at = np.arange(n, dtype=np.float32)
    unit = (at + .5) * 2 / n - 1
    shift_x = wave[0] * np.sin(wave[1] * np.pi * unit + wave[2])
    shift_y = wave[3] * np.sin(wave[4] * np.pi * unit + wave[5])
    x = (at[None] + (shift_x * n / 2)[:, None]).astype(np.float32)
    y = (at[:, None] + (shift_y * n / 2)[None]).astype(np.float32)
    return cv2.remap(texture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)


def turned(texture, other, share):
    """The same outline with a share of another texture's colours, where that one has any"""
    other = cv2.resize(np.asarray(other), texture.shape[1::-1], interpolation=cv2.INTER_AREA)
    mixed = texture.astype(np.float32)
    alpha, seen = mixed[..., 3:] / 255, share * other[..., 3:].astype(np.float32) / 255
    mixed[..., :3] = mixed[..., :3] * (1 - seen) + share * alpha * other[..., :3]
    return mixed.astype(np.uint8)


def lit(texture, shade):
    """Light from one side; see Layer.shade"""
    n = texture.shape[0]
    unit = ((np.arange(n) + .5) * 2 / n - 1).astype(np.float32)
    light = np.clip(1 + shade[0] * unit[None] + shade[1] * unit[:, None], .2, 2)[..., None].astype(np.float32)
    colour = np.minimum(texture[..., :3] * light, texture[..., 3:])
    return np.concatenate([colour.astype(np.uint8), texture[..., 3:]], 2)


def drawn_box(to_texture, n, side):
    """-> (x0, y0, x1, y1) in the frame that the texture can touch, or None"""
    try:
        to_frame = np.linalg.inv(to_texture)
    except np.linalg.LinAlgError:
        return None
    corners = to_frame @ np.array([[-.5, n - .5, n - .5, -.5], [-.5, -.5, n - .5, n - .5], [1, 1, 1, 1]])
    if (corners[2] <= NEAREST_PLANE).any():
        return None
    corners = corners[:2] / corners[2]
    x0, y0 = np.maximum(np.floor(corners.min(1)).astype(int), 0)
    x1, y1 = np.minimum(np.ceil(corners.max(1)).astype(int) + 1, side)
    return (x0, y0, x1, y1) if x1 > x0 and y1 > y0 else None


def surface(texture, layer, other_side, t):
    """What a layer shows in frame t before it is placed"""
    if layer.turned[t] > 0:
        texture = turned(texture, other_side, layer.turned[t])
    if layer.shade[t].any():
        texture = lit(texture, layer.shade[t])
    return waved(texture, layer.wave[t]) if layer.wave[t, 0] > 0 else texture


def draw_layer(frame, ids, layer, texture, other_side, camera, t, number):
    """Composites one layer (premultiplied alpha) onto frame [H, H, 3] float and, as `number`, ids [H, H], in place"""
    side = frame.shape[0]
    n = texture.shape[0]
    to_texture = unit_to_pixel(n) @ np.linalg.inv(layer.to_frame[t]) @ camera[t] @ pixel_to_unit(side)
    box = drawn_box(to_texture, n, side)
    if box is None:
        return
    x0, y0, x1, y1 = box
    texture = surface(texture, layer, other_side, t)
    from_box = to_texture @ np.array([[1, 0, x0], [0, 1, y0], [0, 0, 1.]])
    drawn = cv2.warpPerspective(texture, from_box, (int(x1 - x0), int(y1 - y0)), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                                borderMode=cv2.BORDER_CONSTANT, borderValue=0).astype(np.float32)
    alpha = drawn[..., 3:] / 255
    colour = np.clip(drawn[..., :3] * np.clip(layer.gain[t], .2, 2.2) + layer.bias * alpha, 0, 255 * alpha)
    region = frame[y0:y1, x0:x1]
    region *= 1 - alpha
    region += colour
    ids[y0:y1, x0:x1][alpha[..., 0] > .5] = number


def filmed(frame, scene, t, rng):
    """float [H, H, 3] -> uint8: motion and focus blur, exposure, noise, gamma, JPEG"""
    if scene.motion_blur and t > 0 and not scene.jpeg % 2:
        frame = .7 * frame + .3 * cv2.blur(frame, (1, 5) if scene.seed % 2 else (5, 1))
    if scene.blur[t] > 0:
        frame = cv2.GaussianBlur(frame, (0, 0), float(scene.blur[t]))
    frame = frame * scene.gain[t]
    if scene.noise > 0:
        side = frame.shape[0]
        frame = frame + (rng.standard_normal((side, side, 1), np.float32) + .5 * rng.standard_normal((side, side, 3), np.float32)) * scene.noise
    curve = (255 * (np.arange(256) / 255.) ** scene.gamma).astype(np.uint8)
    frame = cv2.LUT(np.clip(frame, 0, 255).astype(np.uint8), curve)
    return cv2.imdecode(cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, scene.jpeg])[1], 1) if scene.jpeg else frame


def draw(scene, textures, backgrounds, side, things=None):
    """things [S, S] uint8: which pixels of the background's picture are objects, where it has any
    -> (frames [T, side, side, 3] uint8, ids [T, side, side] uint8: 0 background, 1..3 objects, FIRST_OTHER.. the rest)"""
    T = len(scene.camera)
    frames, ids = np.zeros((T, side, side, 3), np.uint8), np.zeros((T, side, side), np.uint8)
    rng = np.random.default_rng(scene.seed)
    background = np.ascontiguousarray(backgrounds[scene.background])
    cuts = [{i: shrunk(np.asarray(textures[i]), layer.halvings) for i in set(layer.textures.tolist())} for layer in scene.layers]
    for t in range(T):
        to_picture = unit_to_pixel(background.shape[0]) @ scene.background_matrix[t] @ pixel_to_unit(side)
        frame = cv2.warpPerspective(background, to_picture, (side, side), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                                    borderMode=cv2.BORDER_REFLECT_101).astype(np.float32)
        if things is not None:
            ids[t] = cv2.warpPerspective(things, to_picture, (side, side), flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP)
        for i, (layer, cut) in enumerate(zip(scene.layers, cuts)):
            draw_layer(frame, ids[t], layer, cut[layer.textures[t]], textures[layer.other_side], scene.camera, t, layer.object or FIRST_OTHER + i)
        frames[t] = filmed(frame, scene, t, rng)
    return frames, ids
