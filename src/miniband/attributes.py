"""What is true of a track, and how probable that is.

The generator draws the attributes one after the other, each given those before it; `log_probability` walks
the same list, so that the two can not drift apart.
"""

from dataclasses import asdict, dataclass
from math import log

from miniband.domains import Domain, domain_named
from miniband.genres import GENRES_TABLE
from miniband.harmony import KEYS
from miniband.instruments import KITS, LEADS_TABLE
from miniband.moods import MOODS_TABLE
from miniband.randomness import choose, normalised

GENRES = tuple(GENRES_TABLE)
FAMILIES = {name: genre.family for name, genre in GENRES_TABLE.items()}
MOODS = tuple(MOODS_TABLE)
LEADS = tuple(LEADS_TABLE)
DRUMS = (*KITS, "none")
MODES = ("major", "minor")
DENSITIES = ("sparse", "medium", "dense")
PRODUCTIONS = ("dry", "bright", "warm", "spacious")

STRANGE_LEAD = 0.2  # how often the lead is any instrument at all, so that it does not give the genre away


@dataclass(frozen=True)
class Attributes:
    """What a track is; a crossover has `genre` in drums and bass, `second_genre` in harmony and lead."""

    genre: str
    second_genre: str  # "" where the track is no crossover
    mood: str
    tempo: int  # BPM
    key: str
    mode: str
    lead: str
    drums: str  # a kit, or "none"
    density: str
    production: str

    def __post_init__(self):
        known = {"genre": GENRES, "second_genre": ("", *GENRES), "mood": MOODS, "key": KEYS, "mode": MODES,
                 "lead": LEADS, "drums": DRUMS, "density": DENSITIES, "production": PRODUCTIONS}  # fmt: skip
        for name, values in known.items():
            if getattr(self, name) not in values:
                raise ValueError(f"{name} is {getattr(self, name)!r}; expected one of: {', '.join(values)}")
        if not 30 <= self.tempo <= 300:
            raise ValueError(f"tempo is {self.tempo!r}; expected 30 to 300 BPM")

    @property
    def upper_genre(self) -> str:
        """The genre that gives harmony and lead."""
        return self.second_genre or self.genre


def _genre(domain: Domain, known: dict) -> dict:
    return domain.genres


def _second_genre(domain: Domain, known: dict) -> dict:
    # a crossover within a family would not be heard as one
    family = FAMILIES[known["genre"]]
    others = normalised({g: 1.0 for g in GENRES if FAMILIES[g] != family})
    return {"": 1 - domain.crossovers} | {g: domain.crossovers * weight for g, weight in others.items()}


def _mood(domain: Domain, known: dict) -> dict:
    both = [normalised(GENRES_TABLE[g].moods) for g in (known["genre"], known["second_genre"] or known["genre"])]
    return {mood: sum(weights[mood] for weights in both) for mood in MOODS}


def _tempo(domain: Domain, known: dict) -> dict:
    middle, width = GENRES_TABLE[known["genre"]].tempo
    middle = round(middle * MOODS_TABLE[known["mood"]].tempo)
    return {middle + off: width + 1 - abs(off) for off in range(-width, width + 1)}


def _key(domain: Domain, known: dict) -> dict:
    return dict.fromkeys(KEYS, 1.0)


def _mode(domain: Domain, known: dict) -> dict:
    major = MOODS_TABLE[known["mood"]].major
    return {"major": major, "minor": 1 - major}


def _lead(domain: Domain, known: dict) -> dict:
    usual = GENRES_TABLE[known["second_genre"] or known["genre"]].leads
    return {lead: STRANGE_LEAD / len(LEADS) + (lead in usual) * (1 - STRANGE_LEAD) / len(usual) for lead in LEADS}


def _drums(domain: Domain, known: dict) -> dict:
    return GENRES_TABLE[known["genre"]].drums


def _density(domain: Domain, known: dict) -> dict:
    return MOODS_TABLE[known["mood"]].busy


def _production(domain: Domain, known: dict) -> dict:
    return MOODS_TABLE[known["mood"]].production


STEPS = {"genre": _genre, "second_genre": _second_genre, "mood": _mood, "tempo": _tempo, "key": _key, "mode": _mode,
         "lead": _lead, "drums": _drums, "density": _density, "production": _production}  # fmt: skip


def draw(rng, domain: str = "studio") -> Attributes:
    """Attributes drawn from a domain; `rng` is anything with `.random()`."""
    place, known = domain_named(domain), {}
    for name, weights in STEPS.items():
        known[name] = choose(rng, weights(place, known))
    return Attributes(**known)


def log_probability(attributes: Attributes, domain: str = "studio") -> float:
    """Natural logarithm of the generator's p(attributes); -inf where it never draws them."""
    place, values, total = domain_named(domain), asdict(attributes), 0.0
    for name, weights in STEPS.items():
        probability = normalised(weights(place, values)).get(values[name], 0.0)
        if probability == 0:
            return float("-inf")
        total += log(probability)
    return total


def genre_mass(attributes: Attributes) -> dict[str, float]:
    """How much of the track belongs to each genre; a crossover belongs half to each of its two."""
    if attributes.second_genre in ("", attributes.genre):
        return {attributes.genre: 1.0}
    return {attributes.genre: 0.5, attributes.second_genre: 0.5}
