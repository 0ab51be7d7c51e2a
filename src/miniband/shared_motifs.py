"""The motifs that fit two genres, and those that fit four. `p` is a Pen, `c` the palette (sky, ground,
main, accent).
"""

from math import sin

from miniband.motifs import Palette, turn
from miniband.pen import Pen


def open_road(p: Pen, c: Palette, rng):
    """Draws a motif: open road."""
    p.rectangle(-2, -0.1, 2, 2, c[2])
    p.polygon([(-0.05, -0.1), (0.05, -0.1), (1.0, 1.4), (-1.0, 1.4)], c[1])
    for near, far in ((-0.02, 0.06), (0.14, 0.3), (0.42, 0.7), (0.85, 1.3)):
        w0, w1 = 0.02 + 0.07 * near, 0.02 + 0.07 * far
        p.polygon([(-w0, near), (w0, near), (w1, far), (-w1, far)], c[3])


def wire_fence(p: Pen, c: Palette, rng):
    """Draws a motif: wire fence."""
    for i in range(-10, 11):
        for side in (-1, 1):
            p.line([(i * 0.3 - 1.5 * side, -1.5), (i * 0.3 + 1.5 * side, 1.5)], c[3], 0.055)
    p.line([(-2, -0.75), (2, -0.75)], c[2], 0.12)
    p.line([(0.5, -2), (0.5, 2)], c[2], 0.14)


def arch_window(p: Pen, c: Palette, rng):
    """Draws a motif: arch window."""
    arch = [(-0.55, 0.85), (-0.55, -0.2), (-0.38, -0.6), (0, -0.95), (0.38, -0.6), (0.55, -0.2), (0.55, 0.85)]
    p.polygon([(1.18 * x, 1.1 * y) for x, y in arch], c[1])
    p.polygon(arch, c[3])
    for row in range(5):
        for column in range(2):
            if (row + column) % 2:
                p.rectangle(-0.5 + 0.52 * column, -0.36 + 0.24 * row, -0.02 + 0.52 * column, -0.16 + 0.24 * row, c[2])
    p.line([(0, -0.95), (0, 0.85)], c[1], 0.07)
    p.line([(-0.55, -0.38), (0.55, -0.38)], c[1], 0.06)


def ice_lolly(p: Pen, c: Palette, rng):
    """Draws a motif: ice lolly."""
    p.rectangle(-0.09, 0.4, 0.09, 0.98, (222, 184, 132))
    p.ellipse(0, -0.5, 0.42, 0.42, c[2])
    p.rectangle(-0.42, -0.5, 0.42, 0.48, c[2])
    p.rectangle(-0.42, -0.12, 0.42, 0.2, c[3])
    p.line([(-0.2, -0.55), (-0.2, 0.3)], (255, 255, 255), 0.07)


def spotlights(p: Pen, c: Palette, rng):
    """Draws a motif: spotlights."""
    p.ellipse(0, 0.85, 0.95, 0.22, c[2])
    p.polygon([(-0.85, -1.1), (-0.65, -1.1), (0.75, 0.85), (-0.1, 0.85)], c[3])
    p.polygon([(0.85, -1.1), (0.65, -1.1), (-0.75, 0.85), (0.1, 0.85)], c[2])
    p.polygon([(0, -0.03), (-0.38, 0.85), (0.38, 0.85)], (250, 240, 220))


def square_tunnel(p: Pen, c: Palette, rng):
    """Draws a motif: square tunnel."""
    for i, half in enumerate((1.5, 1.1, 0.8, 0.56, 0.38, 0.24, 0.13)):
        p.rectangle(-half, -half, half, half, (c[3], c[1], c[2])[i % 3])


def old_car(p: Pen, c: Palette, rng):
    """Draws a motif: old car."""
    p.rectangle(-2, 0.52, 2, 2, c[1])
    p.polygon([(-0.5, 0.05), (-0.3, -0.36), (0.32, -0.36), (0.52, 0.05)], c[3])
    p.polygon([(-0.36, 0.0), (-0.22, -0.25), (0.22, -0.25), (0.36, 0.0)], (240, 244, 244))
    p.polygon([(-0.98, 0.45), (-0.95, 0.08), (0.85, 0.02), (0.98, 0.2), (0.98, 0.45)], c[3])
    p.line([(-0.95, 0.24), (0.95, 0.24)], c[2], 0.06)
    for x in (-0.56, 0.56):
        p.ellipse(x, 0.46, 0.23, 0.23, (30, 26, 30))
        p.ellipse(x, 0.46, 0.1, 0.1, c[2])


def sailing_boat(p: Pen, c: Palette, rng):
    """Draws a motif: sailing boat."""
    p.rectangle(-2, 0.45, 2, 2, c[1])
    p.polygon([(-0.75, 0.32), (0.75, 0.32), (0.48, 0.62), (-0.5, 0.62)], c[3])
    p.line([(0, -0.9), (0, 0.32)], c[3], 0.06)
    p.polygon([(0.06, -0.85), (0.06, 0.22), (0.66, 0.22)], c[2])
    p.polygon([(-0.06, -0.6), (-0.06, 0.22), (-0.5, 0.22)], c[2])


def window(p: Pen, c: Palette, rng):
    """Draws a motif: window."""
    p.rectangle(-2, 0.75, 2, 2, c[2])
    p.rectangle(-0.6, -0.75, 0.6, 0.45, c[2])
    for x in (-0.5, 0.05):
        for y in (-0.66, -0.1):
            p.rectangle(x, y, x + 0.45, y + 0.46, c[3])


def hills(p: Pen, c: Palette, rng):
    """Draws a motif: hills."""
    for row, colour in enumerate((c[3], c[1], c[2])):
        phase = 6 * rng.random()
        ridge = [(-1.6 + 0.1 * i, -0.2 + 0.36 * row + 0.16 * sin(0.34 * i + phase)) for i in range(33)]
        p.polygon([*ridge, (1.6, 2), (-1.6, 2)], colour)


def clouds(p: Pen, c: Palette, rng):
    """Draws a motif: clouds."""
    for colour, y in ((c[2], -0.45), (c[3], 0.15), (c[1], 0.65)):
        x = -0.4 + 0.8 * rng.random()
        for dx, dy, radius in ((-0.34, 0.05, 0.2), (0, -0.06, 0.29), (0.34, 0.04, 0.22)):
            p.ellipse(x + dx, y + dy, radius, radius * 0.85, colour)
        p.rectangle(x - 0.45, y + 0.06, x + 0.48, y + 0.2, colour)


def bokeh(p: Pen, c: Palette, rng):
    """Draws a motif: bokeh."""
    for i in range(11):
        radius = 0.14 + 0.2 * rng.random()
        x, y = turn(rng.random(), 0.2 + 0.85 * rng.random())
        p.ellipse(x, y, radius, radius, (c[2], c[3], c[1])[i % 3])


SHARED = {
    "open road": open_road, "wire fence": wire_fence, "arch window": arch_window, "ice lolly": ice_lolly,
    "spotlights": spotlights, "square tunnel": square_tunnel, "old car": old_car, "sailing boat": sailing_boat,
    "window": window, "hills": hills, "clouds": clouds, "bokeh": bokeh,
}  # fmt: skip
