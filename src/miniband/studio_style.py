"""How a music library writes of a track: a noun phrase, then at most two short sentences."""

from collections.abc import Iterable

from miniband.attributes import Attributes
from miniband.phrases import described, music_noun, sentence, textures, with_article, word
from miniband.randomness import pick
from miniband.vocabulary import USES, tempo_words

USE = 0.35  # of the captions that mention the mood
NUMERIC_TEMPO = 0.3
TEMPO_FIRST = 0.3  # rather than behind the mood

NOUNS = ("track", "piece", "tune", "cue", "instrumental")
BLENDS = ("blend of {} and {} music", "mix of {} and {} sounds", "cross between {} and {} music", "{} and {} crossover",
          "fusion of {} and {} sounds")  # fmt: skip
LED_BY = ("led by {}", "featuring {}", "built around {}", "fronted by {}", "carried by {}")
ACCOMPANIED = ("with {}", "set to {}", "backed by {}")
SILENT = ("with {}", "with {} to be heard")
TEXTURES = ("It has {}", "Expect {}", "Listen for {}", "It offers {}")
SUITS = ("Ideal for {}", "Perfect for {}", "Made for {}", "A good fit for {}")


def write(attributes: Attributes, said: Iterable[str], rng) -> str:
    """A caption that says of the track what `said` names."""
    head = []
    if "mood" in said:
        head.append(word(rng, "studio", "mood", attributes.mood))
    numeric = rng.random() < NUMERIC_TEMPO
    if "tempo" in said and not numeric:
        place = 0 if rng.random() < TEMPO_FIRST else len(head)
        head.insert(place, pick(rng, tempo_words(attributes.tempo)))
    first = [described(head, music_noun(attributes, said, rng, "studio", NOUNS, BLENDS))]
    if "lead" in said:
        first.append(pick(rng, LED_BY).format(with_article(word(rng, "studio", "lead", attributes.lead))))
    if "drums" in said:
        frames = SILENT if attributes.drums == "none" else ACCOMPANIED
        first.append(pick(rng, frames).format(word(rng, "studio", "drums", attributes.drums)))
    if "key" in said:
        first.append(f"in {attributes.key} {attributes.mode}")
    if "tempo" in said and numeric:
        first.append(f"at {attributes.tempo} BPM")
    sentences = [sentence(_listed(first))]
    if texture := textures(attributes, said, rng, "studio"):
        sentences.append(sentence(pick(rng, TEXTURES).format(texture)))
    if "mood" in said and rng.random() < USE:
        sentences.append(sentence(pick(rng, SUITS).format(pick(rng, USES[attributes.mood]))))
    return " ".join(sentences)


def _listed(parts: list[str]) -> str:
    return parts[0] + "".join(("," if i > 2 else "") + " " + part for i, part in enumerate(parts) if i)
