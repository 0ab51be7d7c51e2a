"""What a music library would write about a track, and which of its attributes that mentions."""

import re
from dataclasses import dataclass

from miniband import vocabulary as words
from miniband.attributes import Attributes
from miniband.domains import domain_named
from miniband.randomness import pick

# how often a caption mentions an attribute (key brings the mode along, genre a crossover's second one)
MENTION = {"genre": 0.9, "mood": 0.7, "lead": 0.6, "tempo": 0.5, "drums": 0.25, "key": 0.12, "density": 0.15,
           "production": 0.15}  # fmt: skip
USE = 0.35  # of the captions that mention the mood
NUMERIC_TEMPO = 0.3
SMALL_WORDS = frozenset("a an the and of in for with by to at on up it has is there no between".split())


@dataclass(frozen=True)
class Caption:
    """A caption and the names of the attributes that it mentions, in the order of `Attributes`."""

    text: str
    mentions: tuple[str, ...]


def genre_prompt(genre: str) -> str:
    """The shortest text that asks for a genre."""
    return f"{with_article(words.GENRE_WORDS[genre][0]).capitalize()} track."


def caption(attributes: Attributes, rng, domain: str = "studio") -> Caption:
    """One caption; `rng` is anything with `.random()`. Frequencies are those of MENTION."""
    domain_named(domain)
    said = [name for name, chance in MENTION.items() if rng.random() < chance] or ["genre"]
    while True:  # other words for the same things until none is said twice
        text = _studio(attributes, said, rng)
        if not repeats(text):
            break
    mentions = {*said}
    if "key" in said:
        mentions.add("mode")
    if "genre" in said and attributes.second_genre:
        mentions.add("second_genre")
    return Caption(text, tuple(name for name in Attributes.__dataclass_fields__ if name in mentions))


def _studio(attributes: Attributes, said: list[str], rng) -> str:
    """A library's copy: a noun phrase, then at most two short sentences."""
    head = []
    if "mood" in said:
        head.append(pick(rng, words.MOOD_WORDS[attributes.mood]))
    numeric = rng.random() < NUMERIC_TEMPO
    if "tempo" in said and not numeric:
        place = 0 if rng.random() < 0.3 else len(head)
        head.insert(place, pick(rng, tempo_words(attributes.tempo)))
    first = [with_article(_joined(head, _noun(attributes, said, rng)))]
    if "lead" in said:
        first.append(pick(rng, words.LED_BY).format(with_article(pick(rng, words.LEAD_WORDS[attributes.lead]))))
    if "drums" in said:
        frames = words.SILENT if attributes.drums == "none" else words.ACCOMPANIED
        first.append(pick(rng, frames).format(pick(rng, words.DRUM_WORDS[attributes.drums])))
    if "key" in said:
        first.append(f"in {attributes.key} {attributes.mode}")
    if "tempo" in said and numeric:
        first.append(f"at {attributes.tempo} BPM")
    sentences = [_sentence(first)]
    texture = [pick(rng, table[getattr(attributes, name)])
               for name, table in (("density", words.DENSITY_WORDS), ("production", words.PRODUCTION_WORDS))
               if name in said]  # fmt: skip
    if texture:
        sentences.append(pick(rng, words.TEXTURES).format(" and ".join(texture)) + ".")
    if "mood" in said and rng.random() < USE:
        sentences.append(pick(rng, words.SUITS).format(pick(rng, words.USES[attributes.mood])) + ".")
    return " ".join(sentences)


def _noun(attributes: Attributes, said: list[str], rng) -> str:
    if "genre" not in said:
        return pick(rng, words.NOUNS)
    genre = pick(rng, words.GENRE_WORDS[attributes.genre])
    if attributes.second_genre:
        both = [genre, pick(rng, words.GENRE_WORDS[attributes.second_genre])]
        return pick(rng, words.BLENDS).format(*(both if rng.random() < 0.5 else both[::-1]))
    return f"{genre} {pick(rng, words.NOUNS)}"


def _joined(adjectives: list[str], noun: str) -> str:
    return " ".join([", ".join(adjectives), noun]) if adjectives else noun


def _sentence(parts: list[str]) -> str:
    text = parts[0] + "".join(("," if i > 2 else "") + " " + part for i, part in enumerate(parts) if i)
    return text[0].upper() + text[1:] + "."


def tempo_words(tempo: int) -> tuple[str, ...]:
    """The words for a tempo in BPM."""
    return next(found for limit, found in words.TEMPO_WORDS if tempo <= limit)


def with_article(phrase: str) -> str:
    """The phrase with its indefinite article: a jazz track, an unhurried tune.

    Letters decide, which is right for every word of `vocabulary` (it has no "hour" and no "unique").
    """
    return f"{'an' if phrase[0].lower() in 'aeiou' else 'a'} {phrase}"


def repeats(text: str) -> bool:
    """Whether a word that carries meaning is said twice."""
    found = [w for w in re.findall(r"[a-z]+", text.lower()) if w not in SMALL_WORDS and len(w) > 1]
    return len(found) != len(set(found))
