"""A cover picture for a track, and how probable it is given the track.

`draw` decides what is shown; `likelihood` is the probability of that, which `beliefs` inverts. Tempo, key, mode, lead,
drums, density and production never enter: a picture tells of them only what genre and mood do.
"""

from dataclasses import asdict, dataclass, fields
from functools import cache

import numpy as np

from miniband.attributes import GENRES, MOODS, Attributes, genre_mass
from miniband.painting import paint_scene
from miniband.randomness import choose, normalised, pick
from miniband.subjects import BLUR_WORDS, BLURS, LIGHTS, PALETTES, SUBJECTS, TIERS

FOREIGN_MOTIF = 0.10  # the motif is another subject's of the same tier
WRONG_PALETTE = 0.15  # the palette is any other
OTHER_LIGHT = 0.15  # the light is another mood's
SEEDS = 1 << 20


@dataclass(frozen=True)
class Picture:
    """What is shown. `seed` moves details about (place, size, side) and tells nothing."""

    tier: str
    motif: str
    palette: str
    light: str
    blur: int  # 0 sharp, 1 soft, 2 blurred
    seed: int

    def __post_init__(self):
        known = {"tier": TIERS, "motif": SUBJECTS, "palette": PALETTES, "light": LIGHTS, "blur": (0, 1, 2)}
        for name, values in known.items():
            if getattr(self, name) not in values:
                expected = ", ".join(map(str, values))
                raise ValueError(f"picture {name} is {getattr(self, name)!r}; expected one of: {expected}")
        if SUBJECTS[self.motif].tier != self.tier:
            raise ValueError(f"motif {self.motif!r} is not of the tier {self.tier!r}")

    def to_row(self) -> dict[str, str]:
        """The picture as flat CSV columns."""
        return {name: str(value) for name, value in asdict(self).items()}

    @classmethod
    def from_row(cls, row: dict[str, str]) -> "Picture":
        """The picture of such a row; ValueError for a missing column or an unknown value."""
        missing = [field.name for field in fields(cls) if field.name not in row]
        if missing:
            raise ValueError(f"picture column missing: {', '.join(missing)}")
        values = {field.name: row[field.name] for field in fields(cls)}
        return cls(**values | {"blur": int(values["blur"]), "seed": int(values["seed"])})


def _own_motif(tier: str, genre: str) -> str:
    return next(motif for motif, s in SUBJECTS.items() if s.tier == tier and genre in s.genres)


@cache
def _shown_given_genre(tier: str, genre: str) -> tuple[dict[str, float], dict[str, float]]:
    """p(motif | tier, genre) and p(palette | tier, genre)."""
    own = _own_motif(tier, genre)
    motifs = [motif for motif, subject in SUBJECTS.items() if subject.tier == tier]
    usual = SUBJECTS[own].palette
    foreign, wrong = FOREIGN_MOTIF / (len(motifs) - 1), WRONG_PALETTE / (len(PALETTES) - 1)
    return ({motif: 1 - FOREIGN_MOTIF if motif == own else foreign for motif in motifs},
            {palette: 1 - WRONG_PALETTE if palette == usual else wrong for palette in PALETTES})  # fmt: skip


@cache
def _shown_given_mood(tier: str, mood: str) -> tuple[dict[str, float], dict[int, float]]:
    """p(light | tier, mood) and p(blur | tier, mood); a vague picture hides the mood."""
    if tier == "vague":
        return normalised(dict.fromkeys(LIGHTS, 1.0)), normalised(dict.fromkeys(range(3), 1.0))
    other = OTHER_LIGHT / (len(LIGHTS) - 1)
    lights = {light: 1 - OTHER_LIGHT if shown == mood else other for light, (shown, _) in LIGHTS.items()}
    return lights, dict(enumerate(BLURS[mood]))


def draw(attributes: Attributes, rng) -> Picture:
    """A picture for a track; `rng` is anything with `.random()`. A crossover shows one of its two genres."""
    tier = pick(rng, TIERS)
    genre = choose(rng, genre_mass(attributes))
    motifs, palettes = _shown_given_genre(tier, genre)
    lights, blurs = _shown_given_mood(tier, attributes.mood)
    return Picture(tier, choose(rng, motifs), choose(rng, palettes), choose(rng, lights), choose(rng, blurs),
                   int(rng.random() * SEEDS))  # fmt: skip


def likelihood(picture: Picture) -> np.ndarray:
    """p(what is shown | genre, second genre, mood), (16, 16, 6), but for a factor that no core changes.

    The diagonal belongs to tracks that are no crossover.
    """
    by_genre, by_mood = [], []
    for genre in GENRES:
        motifs, palettes = _shown_given_genre(picture.tier, genre)
        by_genre.append(motifs[picture.motif] * palettes[picture.palette])
    for mood in MOODS:
        lights, blurs = _shown_given_mood(picture.tier, mood)
        by_mood.append(lights[picture.light] * blurs[picture.blur])
    shown = np.array(by_genre)
    return ((shown[:, None] + shown[None, :]) / 2)[:, :, None] * np.array(by_mood)


def paint(picture: Picture) -> np.ndarray:
    """The picture as (64, 64, 3) uint8 RGB; the same bytes every time."""
    return paint_scene(picture.motif, PALETTES[picture.palette][0], picture.light, picture.blur, picture.seed)


CAPTION_FRAMES = (
    "{motif} in {colours}, {light}",
    "{motif} under {light}, in {colours}",
    "{light} on {motif}, all in {colours}",
    "{blur} picture of {motif} in {colours}, with {light}",
    "{motif} with {light}, painted in {colours}",
)


def picture_caption(picture: Picture, rng) -> str:
    """What one sees, in a sentence: motif, colours, light. It never says a word about the music."""
    text = pick(rng, CAPTION_FRAMES).format(
        motif=pick(rng, SUBJECTS[picture.motif].words),
        colours=pick(rng, PALETTES[picture.palette][1]),
        light=pick(rng, LIGHTS[picture.light][1]),
        blur=f"a {BLUR_WORDS[picture.blur]}",
    )
    return text[0].upper() + text[1:] + "."
