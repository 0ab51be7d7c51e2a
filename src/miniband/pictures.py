"""A cover picture for a track, and exactly how much it tells.

`draw` decides what is shown; `posterior` inverts it by Bayes' rule over the whole generator. Tempo, key,
mode, lead, drums, density and production never enter, so no picture can tell them.
"""

from dataclasses import asdict, dataclass, fields
from functools import cache

import numpy as np

from miniband import attributes as attribute_module
from miniband.attributes import GENRES, MOODS, Attributes, genre_mass
from miniband.domains import domain_named
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


@cache
def _prior(domain: str) -> np.ndarray:
    """p(genre, second genre, mood) of the generator, (16, 16, 6); its diagonal holds what is no crossover."""
    place = domain_named(domain)
    table = np.zeros((len(GENRES), len(GENRES), len(MOODS)))
    steps = attribute_module.STEPS
    for genre, p_genre in normalised(steps["genre"](place, {})).items():
        known = {"genre": genre}
        for second, p_second in normalised(steps["second_genre"](place, known)).items():
            known["second_genre"] = second
            moods = normalised(steps["mood"](place, known))
            row, column = GENRES.index(genre), GENRES.index(second or genre)
            table[row, column] += p_genre * p_second * np.array([moods[mood] for mood in MOODS])
    return table


def _joint(picture: Picture, domain: str) -> np.ndarray:
    """p(genre, second genre, mood | picture), (16, 16, 6)."""
    by_genre, by_mood = [], []
    for genre in GENRES:
        motifs, palettes = _shown_given_genre(picture.tier, genre)
        by_genre.append(motifs[picture.motif] * palettes[picture.palette])
    for mood in MOODS:
        lights, blurs = _shown_given_mood(picture.tier, mood)
        by_mood.append(lights[picture.light] * blurs[picture.blur])
    shown = np.array(by_genre)
    joint = _prior(domain) * ((shown[:, None] + shown[None, :]) / 2)[:, :, None] * np.array(by_mood)
    return joint / joint.sum()


def posterior(picture: Picture, domain: str = "studio") -> dict[str, float]:
    """p(genre | picture): the expected genre mass of a track with this picture; sums to one."""
    both = _joint(picture, domain).sum(axis=2)
    return dict(zip(GENRES, map(float, (both.sum(axis=1) + both.sum(axis=0)) / 2), strict=True))


def mood_posterior(picture: Picture, domain: str = "studio") -> dict[str, float]:
    """p(mood | picture); sums to one."""
    return dict(zip(MOODS, map(float, _joint(picture, domain).sum(axis=(0, 1))), strict=True))


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
