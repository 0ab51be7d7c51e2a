"""The motifs of the clear pictures, one a genre. `p` is a Pen, `c` the palette (sky, ground, main, accent)."""

from math import cos, pi, sin

from miniband.pen import Pen

Palette = tuple[tuple[int, int, int], ...]


def turn(angle: float, radius: float, x: float = 0.0, y: float = 0.0) -> tuple[float, float]:
    """The point at that part (0-1) of a turn about (x, y)."""
    return (x + radius * cos(2 * pi * angle), y + radius * sin(2 * pi * angle))


def lightning_bolt(p: Pen, c: Palette, rng):
    """Draws a motif: lightning bolt."""
    bolt = [(0.15, -0.95), (-0.5, 0.1), (-0.08, 0.1), (-0.25, 0.95), (0.5, -0.2), (0.08, -0.2), (0.4, -0.95)]
    p.polygon([(x + 0.07, y + 0.05) for x, y in bolt], c[3])
    p.polygon(bolt, c[2])


def torn_cross(p: Pen, c: Palette, rng):
    """Draws a motif: torn cross."""
    top = [(-0.75 + 0.25 * i, -0.7 + 0.16 * rng.random()) for i in range(7)]
    bottom = [(0.75 - 0.25 * i, 0.7 - 0.16 * rng.random()) for i in range(7)]
    p.polygon(top + bottom, c[2])
    for side in (-1, 1):
        p.line([(-0.55 * side, -0.5), (0.55 * side, 0.5)], c[3], 0.24)


def skull(p: Pen, c: Palette, rng):
    """Draws a motif: skull."""
    p.ellipse(0, -0.2, 0.62, 0.6, c[2])
    p.rectangle(-0.34, 0.2, 0.34, 0.68, c[2])
    for side in (-1, 1):
        p.ellipse(0.26 * side, -0.12, 0.18, 0.2, c[3])
    p.polygon([(0, 0.1), (-0.1, 0.3), (0.1, 0.3)], c[3])
    for x in (-0.2, 0.0, 0.2):
        p.line([(x, 0.44), (x, 0.7)], c[3], 0.06)


def heart(p: Pen, c: Palette, rng):
    """Draws a motif: heart."""
    for grow, colour in ((1.15, c[3]), (1.0, c[2])):
        outline = []
        for i in range(40):
            t = 2 * pi * i / 40
            x = 0.052 * 16 * sin(t) ** 3
            y = -0.052 * (13 * cos(t) - 5 * cos(2 * t) - 2 * cos(3 * t) - cos(4 * t))
            outline.append((grow * x, grow * y))
        p.polygon(outline, colour)


def mirror_ball(p: Pen, c: Palette, rng):
    """Draws a motif: mirror ball."""
    p.line([(0, -1.6), (0, -0.5)], c[3], 0.05)
    p.ellipse(0, 0.05, 0.68, 0.68, c[3])
    for row in range(-4, 5):
        y = row * 0.145
        half = max(0.0, 0.62**2 - y**2) ** 0.5
        for column in range(-3, 4):
            x = half * sin(column * 0.42)
            width = 0.075 * cos(column * 0.4) * half / 0.62
            tone = c[2] if (row * 3 + column * 5) % 4 else (255, 255, 255)
            p.rectangle(x - width, 0.05 + y - 0.055, x + width, 0.05 + y + 0.055, tone)


def skyline(p: Pen, c: Palette, rng):
    """Draws a motif: skyline."""
    x = -1.4
    while x < 1.4:
        width, top = 0.24 + 0.16 * rng.random(), 0.35 - 1.0 * rng.random()
        p.rectangle(x, top, x + width, 1.6, c[3])
        for row in range(7):
            for column in range(2):
                if rng.random() < 0.65:
                    left, up = x + 0.05 + column * width / 2, top + 0.1 + 0.17 * row
                    p.rectangle(left, up, left + 0.075, up + 0.08, c[2])
        x += width + 0.03


def sunburst_flower(p: Pen, c: Palette, rng):
    """Draws a motif: sunburst flower."""
    for i in range(8):
        x, y = turn(i / 8, 0.52)
        p.ellipse(x, y, 0.3, 0.3, c[2])
    for i in range(8):
        x, y = turn(i / 8, 0.46)
        p.ellipse(x, y, 0.13, 0.13, c[3])
    p.ellipse(0, 0, 0.34, 0.34, c[3])
    p.ellipse(0, 0, 0.22, 0.22, c[1])


def crown(p: Pen, c: Palette, rng):
    """Draws a motif: crown."""
    for row in range(-7, 8):
        p.line([(-2, row * 0.25), (2, row * 0.25)], c[3], 0.035)
        for column in range(-5, 6):
            x = column * 0.5 + 0.25 * (row % 2)
            p.line([(x, row * 0.25), (x, row * 0.25 + 0.25)], c[3], 0.035)
    p.polygon([(-0.7, 0.5), (-0.8, -0.45), (-0.36, 0.02), (0, -0.65), (0.36, 0.02), (0.8, -0.45), (0.7, 0.5)], c[2])
    p.line([(-0.62, 0.36), (0.62, 0.36)], c[3], 0.08)


def palm(p: Pen, c: Palette, rng):
    """Draws a motif: palm."""
    for i, colour in enumerate((c[2], c[3], c[1])):
        p.rectangle(-2, 0.62 + 0.16 * i, 2, 0.8 + 0.16 * i, colour)
    p.line([(-0.25, 0.8), (-0.1, 0.2), (0.12, -0.35)], c[3], 0.13)
    for angle in (-0.95, -0.78, -0.62, -0.48, -0.36, -0.1, 0.02):
        tip, middle = turn(angle, 0.72, 0.12, -0.3), turn(angle, 0.4, 0.12, -0.42)
        p.line([(0.12, -0.35), middle, (tip[0], tip[1] + 0.12)], c[2], 0.12)


def cocktail_glass(p: Pen, c: Palette, rng):
    """Draws a motif: cocktail glass."""
    p.polygon([(-0.66, -0.6), (0.66, -0.6), (0, 0.15)], c[2])
    p.polygon([(-0.44, -0.42), (0.44, -0.42), (0, 0.08)], c[3])
    p.line([(0, 0.1), (0, 0.75)], c[2], 0.08)
    p.ellipse(0, 0.78, 0.38, 0.08, c[2])
    p.line([(-0.1, -0.15), (0.5, -0.95)], c[2], 0.05)
    p.ellipse(-0.02, -0.22, 0.11, 0.11, c[0])


def railway(p: Pen, c: Palette, rng):
    """Draws a motif: railway."""
    p.rectangle(-2, -0.25, 2, 2, c[1])
    for i in range(9):
        depth = (i / 8) ** 1.8
        y, half = -0.22 + 1.4 * depth, 0.1 + 0.95 * depth
        p.line([(-half, y), (half, y)], c[3], 0.03 + 0.13 * depth)
    for side in (-1, 1):
        p.polygon([(0.03 * side, -0.25), (0.06 * side, -0.25), (0.85 * side, 1.3), (0.65 * side, 1.3)], c[2])


def promenade_waves(p: Pen, c: Palette, rng):
    """Draws a motif: promenade waves."""
    p.polygon([turn(0.5 + 0.5 * i / 20, 0.55, -0.1, 0.0) for i in range(21)], c[3])
    p.rectangle(-2, 0, 2, 2, c[2])
    for row in range(4):
        top = [(-1.6 + 0.1 * i, 0.12 + 0.27 * row + 0.09 * sin(i * 0.75)) for i in range(33)]
        bottom = [(x, y + 0.13) for x, y in reversed(top)]
        p.polygon(top + bottom, c[0])


def lone_tree(p: Pen, c: Palette, rng):
    """Draws a motif: lone tree."""
    p.ellipse(0, 1.35, 1.7, 0.8, c[1])
    p.polygon([(-0.13, 0.75), (-0.07, -0.1), (0.07, -0.1), (0.13, 0.75)], c[2])
    for x, y, radius in ((0, -0.45, 0.42), (-0.36, -0.15, 0.3), (0.36, -0.15, 0.3)):
        p.ellipse(x, y, radius, radius, (54, 96, 48))
    p.ellipse(-0.1, -0.5, 0.22, 0.2, c[3])


def wagon_wheel(p: Pen, c: Palette, rng):
    """Draws a motif: wagon wheel."""
    p.ellipse(0, 0, 0.84, 0.84, c[3])
    p.ring(0, 0, 0.82, 0.82, c[2], 0.17)
    for i in range(5):
        p.line([turn(i / 10, 0.74), turn(i / 10 + 0.5, 0.74)], c[2], 0.09)
    p.ellipse(0, 0, 0.2, 0.2, c[2])
    p.ellipse(0, 0, 0.08, 0.08, c[3])


def temple(p: Pen, c: Palette, rng):
    """Draws a motif: temple."""
    p.polygon([(-0.95, -0.38), (0, -0.9), (0.95, -0.38)], c[2])
    p.polygon([(-0.5, -0.46), (0, -0.74), (0.5, -0.46)], c[3])
    p.rectangle(-0.88, -0.36, 0.88, -0.24, c[3])
    for x in (-0.72, -0.36, 0.0, 0.36, 0.72):
        p.rectangle(x - 0.1, -0.24, x + 0.1, 0.62, c[2])
        p.line([(x + 0.05, -0.2), (x + 0.05, 0.6)], c[1], 0.03)
    p.rectangle(-0.95, 0.62, 0.95, 0.78, c[2])


def ripples(p: Pen, c: Palette, rng):
    """Draws a motif: ripples."""
    for i, radius in enumerate((1.3, 1.05, 0.8, 0.56, 0.34, 0.14)):
        p.ellipse(0, 0.1, radius, radius * 0.62, c[2] if i % 2 else c[3 if i == 0 else 1])


CLEAR = {
    "lightning bolt": lightning_bolt, "torn cross": torn_cross, "skull": skull, "heart": heart,
    "mirror ball": mirror_ball, "skyline": skyline, "sunburst flower": sunburst_flower, "crown": crown,
    "palm": palm, "cocktail glass": cocktail_glass, "railway": railway, "promenade waves": promenade_waves,
    "lone tree": lone_tree, "wagon wheel": wagon_wheel, "temple": temple, "ripples": ripples,
}  # fmt: skip
