"""What is written about a track, and which of its attributes that mentions: picked here, worded by the styles."""

import re
from dataclasses import dataclass

from miniband import crowd_style, lofi_style, studio_style
from miniband.attributes import Attributes
from miniband.domains import base_name, domain_named
from miniband.phrases import with_article
from miniband.randomness import choose
from miniband.vocabulary import GENRE_WORDS

# how often a caption mentions an attribute (key brings the mode along, genre a crossover's second one)
MENTION = {"genre": 0.9, "mood": 0.7, "lead": 0.6, "tempo": 0.5, "drums": 0.25, "key": 0.12, "density": 0.15,
           "production": 0.15}  # fmt: skip
STYLES = {"studio": studio_style.write, "crowd": crowd_style.write, "lofi": lofi_style.write}
GENERAL_STYLES = {"studio": 0.2, "crowd": 0.4, "lofi": 0.4}  # a web mix: shares of the styles
SMALL_WORDS = frozenset(
    "a an the and of in for with by to at on up it has is there no between be can i me my this that they you".split()
)


@dataclass(frozen=True)
class Caption:
    """A caption and the names of the attributes that it mentions, in the order of `Attributes`."""

    text: str
    mentions: tuple[str, ...]


def genre_prompt(genre: str) -> str:
    """The shortest text that asks for a genre."""
    return f"{with_article(GENRE_WORDS[genre][0]).capitalize()} track."


def caption(attributes: Attributes, rng, domain: str = "studio") -> Caption:
    """One caption in the domain's style; `rng` is anything with `.random()`. Frequencies are those of MENTION.

    What is mentioned does not depend on the attributes, and the words depend on nothing but what is mentioned.
    """
    domain_named(domain)
    said = [name for name, chance in MENTION.items() if rng.random() < chance] or ["genre"]
    style = base_name(domain)
    if style == "general":
        style = choose(rng, GENERAL_STYLES)
    while True:  # other words for the same things until none is said twice
        text = STYLES[style](attributes, said, rng)
        if not repeats(text):
            break
    mentions = {*said}
    if "key" in said:
        mentions.add("mode")
    if "genre" in said and attributes.second_genre:
        mentions.add("second_genre")
    return Caption(text, tuple(name for name in Attributes.__dataclass_fields__ if name in mentions))


def repeats(text: str) -> bool:
    """Whether a word that carries meaning is said twice."""
    found = [w for w in re.findall(r"[a-z]+", text.lower()) if w not in SMALL_WORDS and len(w) > 1]
    return len(found) != len(set(found))
