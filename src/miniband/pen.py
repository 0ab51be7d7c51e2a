"""Drawing in coordinates from -1 to 1 (y down), moved, scaled and mirrored as the picture's seed wills."""

from PIL import ImageDraw

Point = tuple[float, float]


class Pen:
    """Shapes on a square image of `size` pixels."""

    def __init__(self, draw: ImageDraw.ImageDraw, size: int, shift: Point, scale: float, mirror: bool):
        self.draw, self.size, self.shift = draw, size, shift
        self.scale, self.side = scale, -1 if mirror else 1

    def at(self, point: Point) -> Point:
        """Pixels of a point."""
        x, y = self.side * point[0] * self.scale + self.shift[0], point[1] * self.scale + self.shift[1]
        return ((x + 1) * self.size / 2, (y + 1) * self.size / 2)

    def width(self, width: float) -> int:
        """Pixels of a line width, at least one."""
        return max(1, round(width * self.scale * self.size / 2))

    def polygon(self, points: list[Point], fill) -> None:
        """A filled polygon."""
        self.draw.polygon([self.at(point) for point in points], fill=fill)

    def line(self, points: list[Point], fill, width: float) -> None:
        """An open line."""
        self.draw.line([self.at(point) for point in points], fill=fill, width=self.width(width), joint="curve")

    def rectangle(self, x0: float, y0: float, x1: float, y1: float, fill) -> None:
        """A filled rectangle between two corners."""
        self.polygon([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], fill)

    def _box(self, x: float, y: float, rx: float, ry: float) -> list[float]:
        (left, top), (right, bottom) = self.at((x - rx, y - ry)), self.at((x + rx, y + ry))
        return [min(left, right), top, max(left, right), bottom]

    def ellipse(self, x: float, y: float, rx: float, ry: float, fill) -> None:
        """A filled ellipse about (x, y)."""
        self.draw.ellipse(self._box(x, y, rx, ry), fill=fill)

    def ring(self, x: float, y: float, rx: float, ry: float, fill, width: float) -> None:
        """An ellipse's outline."""
        self.draw.ellipse(self._box(x, y, rx, ry), outline=fill, width=self.width(width))
