"""A scene to pixels: background, motif, light, blur. Drawn at twice the size for smooth edges."""

from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from miniband.motifs import CLEAR
from miniband.pen import Pen
from miniband.randomness import stream
from miniband.shared_motifs import SHARED

SIZE = 64
LARGE = 2 * SIZE
BLUR_RADII = (0.0, 0.7, 1.4)  # pixels of the finished picture
MOTIFS = CLEAR | SHARED


def paint_scene(motif: str, palette, light: str, blur: int, seed: int) -> np.ndarray:
    """(64, 64, 3) uint8 RGB. `palette` is (sky, ground, main, accent)."""
    rng = stream("picture", seed)
    image = Image.fromarray(_gradient(palette[0], palette[1]))
    shift = (0.24 * (rng.random() - 0.5), 0.2 * (rng.random() - 0.5))
    pen = Pen(ImageDraw.Draw(image), LARGE, shift, 0.78 + 0.2 * rng.random(), rng.random() < 0.5)
    MOTIFS[motif](pen, palette, rng)
    small = image.resize((SIZE, SIZE), Image.Resampling.BOX)
    if BLUR_RADII[blur]:
        small = small.filter(ImageFilter.GaussianBlur(BLUR_RADII[blur]))
    lit = LIT[light](np.asarray(small, dtype=np.float32), rng)
    grain = np.random.Generator(np.random.PCG64(seed)).random((SIZE, SIZE, 1), dtype=np.float32) - 0.5
    return np.clip(np.rint(lit + 8 * grain), 0, 255).astype(np.uint8)


@cache
def _gradient(top: tuple, bottom: tuple) -> np.ndarray:
    share = np.linspace(0, 1, LARGE)[:, None, None]
    rows = (1 - share) * np.array(top) + share * np.array(bottom)
    return np.broadcast_to(rows, (LARGE, LARGE, 3)).astype(np.uint8)


@cache
def _grid() -> tuple[np.ndarray, np.ndarray]:
    """x and y of every pixel, -1 to 1."""
    line = np.linspace(-1, 1, SIZE, dtype=np.float32)
    return line[None, :], line[:, None]


def _mix(pixels: np.ndarray, colour: tuple, share) -> np.ndarray:
    return pixels + (np.array(colour, dtype=np.float32) - pixels) * share


def _contrast(pixels: np.ndarray, factor: float) -> np.ndarray:
    return np.clip((pixels - 128) * factor + 128, 0, 255)


def _sunshine(pixels: np.ndarray, rng) -> np.ndarray:
    x, y = _grid()
    distance = np.hypot(x - (0.7 if rng.random() < 0.5 else -0.7), y + 0.75)[..., None]
    pixels = _mix(pixels * 1.08, (255, 232, 150), np.clip(0.75 - 0.5 * distance, 0.06, 1))
    return _mix(pixels, (255, 252, 220), np.clip((0.34 - distance) * 14, 0, 1))


def _morning(pixels: np.ndarray, rng) -> np.ndarray:
    _, y = _grid()
    return _mix(_contrast(pixels, 0.72), (226, 240, 246), np.clip(0.36 - 0.2 * y, 0, 1)[..., None])


def _rain(pixels: np.ndarray, rng) -> np.ndarray:
    grey = pixels.mean(axis=2, keepdims=True)
    pixels = _mix(0.38 * pixels + 0.62 * grey, (70, 92, 122), 0.34)
    image = Image.new("L", (SIZE, SIZE))
    draw = ImageDraw.Draw(image)
    for _ in range(26):
        left, top, length = rng.random() * 76, rng.random() * 64 - 8, 5 + 6 * rng.random()
        draw.line([left, top, left - length / 2.5, top + length], fill=120)
    return _mix(pixels, (206, 220, 236), np.asarray(image, dtype=np.float32)[..., None] / 255)


def _flash(pixels: np.ndarray, rng) -> np.ndarray:
    x, y = _grid()
    turns = np.arctan2(y - 0.1, x) / (2 * np.pi)
    rays = ((turns * 14 + rng.random()) % 1 < 0.42) & (np.hypot(x, y - 0.1) > 0.62)
    return _mix(_contrast(pixels, 1.4), (255, 255, 255), 0.5 * rays[..., None])


def _night(pixels: np.ndarray, rng) -> np.ndarray:
    x, y = _grid()
    vignette = np.clip(1.15 - 0.75 * np.hypot(x, y), 0.15, 1)[..., None]
    return _mix(pixels, (4, 6, 20), 0.45) * vignette


def _glow(pixels: np.ndarray, rng) -> np.ndarray:
    image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    halo = np.asarray(image.filter(ImageFilter.GaussianBlur(5)), dtype=np.float32)
    screen = 255 - (255 - pixels) * (255 - 0.75 * halo) / 255
    x, y = _grid()
    return _mix(screen, (255, 196, 232), np.clip(0.12 + 0.32 * np.hypot(x, y), 0, 0.5)[..., None])


LIT = {"sunshine": _sunshine, "morning": _morning, "rain": _rain, "flash": _flash, "night": _night, "glow": _glow}
