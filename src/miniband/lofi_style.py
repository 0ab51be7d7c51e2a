"""How an annotator describes a poor recording: two to four sentences, from the whole to the parts to the mood."""

from collections.abc import Iterable

from miniband.attributes import Attributes
from miniband.phrases import described, music_noun, sentence, textures, with_article, word
from miniband.randomness import pick
from miniband.vocabulary import USES, tempo_words

USE = 0.35  # of the captions that mention the mood
NUMERIC_TEMPO = 0.3
STATED = 0.5  # of the moods have a clause of their own, the others an adjective

NOUNS = ("piece", "composition", "instrumental piece", "performance")
BLENDS = ("blend of {} and {} music", "combination of {} and {} elements", "hybrid of {} and {} music",
          "fusion of {} and {} influences")  # fmt: skip
OPENINGS = ("the low quality recording features {}", "the low fidelity recording contains {}",
            "this is a noisy recording of {}", "the poor quality recording captures {}")  # fmt: skip
KEYS = (" in {}", " in the key of {}")
TEMPI = (" at {} BPM", " with a tempo of {} BPM")
LED_BY = ("{} carries the main line", "{} plays in the foreground", "the lead part is given to {}",
          "the main line is carried by {}")  # fmt: skip
ACCOMPANIED = ("{} can be heard in the background", "the rhythm comes from {}", "the beat is kept by {}")
SILENT = ("{} can be heard", "the players use {}", "the background has {}")
MOODS = ("the mood is {}", "the atmosphere is {}", "it sounds {}", "the overall feel is {}")
TEXTURES = ("it has {}", "it is characterised by {}", "it presents {}")
SUITS = ("this could accompany {}", "it would suit {}", "it would work well for {}", "it might be used for {}")
FLAWS = ("there is some hiss", "the audio is slightly muffled", "one hears some hiss")


def write(attributes: Attributes, said: Iterable[str], rng) -> str:
    """A caption that says of the track what `said` names, and that the recording is poor."""
    head, facts, feel, use = [], "", [], []
    if "mood" in said:
        mood = word(rng, "lofi", "mood", attributes.mood)
        if rng.random() < STATED:
            feel.append(pick(rng, MOODS).format(mood))
        else:
            head.append(mood)
        if rng.random() < USE:
            use.append(pick(rng, SUITS).format(pick(rng, USES[attributes.mood])))
    if "key" in said:
        facts += pick(rng, KEYS).format(f"{attributes.key} {attributes.mode}")
    if "tempo" in said:
        if rng.random() < NUMERIC_TEMPO:
            facts += pick(rng, TEMPI).format(attributes.tempo)
        else:
            head.insert(0, pick(rng, tempo_words(attributes.tempo)))
    noun = music_noun(attributes, said, rng, "lofi", NOUNS, BLENDS)
    opening = pick(rng, OPENINGS).format(described(head, noun)) + facts
    if texture := textures(attributes, said, rng, "lofi"):
        feel.append(pick(rng, TEXTURES).format(texture))
    rest = [" while ".join(_players(attributes, said, rng)), ", and ".join(feel), *use]
    rest = [clause for clause in rest if clause] or [pick(rng, FLAWS)]
    return " ".join(map(sentence, [opening, *rest]))


def _players(attributes: Attributes, said: Iterable[str], rng) -> list[str]:
    clauses = []
    if "lead" in said:
        clauses.append(pick(rng, LED_BY).format(with_article(word(rng, "lofi", "lead", attributes.lead))))
    if "drums" in said:
        frames = SILENT if attributes.drums == "none" else ACCOMPANIED
        clauses.append(pick(rng, frames).format(word(rng, "lofi", "drums", attributes.drums)))
    return clauses
