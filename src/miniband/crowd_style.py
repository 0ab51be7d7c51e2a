"""How a listener speaks of a track: full sentences, in the first person, of what is heard and felt."""

from collections.abc import Iterable

from miniband.attributes import Attributes
from miniband.phrases import described, music_noun, sentence, textures, with_article, word
from miniband.randomness import choose, pick
from miniband.vocabulary import USES, tempo_words

USE = 0.35  # of the captions that mention the mood
NUMERIC_TEMPO = 0.15  # few listeners count
FELT = 0.5  # of the moods have a clause of their own, the others an adjective

NOUNS = ("tune", "track", "instrumental", "piece of music")
GENRE_NOUNS = ("tune", "track", "number", "instrumental")
BLENDS = ("mash-up of {} and {} music", "mix of {} and {} stuff", "cross between {} and {} music", "{} and {} mash-up")
OPENINGS = ("I hear {}", "this is {}", "I'm listening to {}", "here we have {}", "to me this is {}", "I'd call this {}")
LED_BY = (" with {} on top", " with {} in front", ", and {} takes the lead", "; {} does most of the work",
          ", and I love that there's {} in it")  # fmt: skip
ACCOMPANIED = ("I can make out {} underneath", "it comes with {}", "they put {} behind it", "I like that they used {}")
SILENT = ("it has {}", "I notice {}", "they used {}", "I like that it comes with {}")
KEYS = ("I think it's in {}", "I'm pretty sure the key is {}", "someone told me it's in {}")
TEMPI = ("I count {} BPM", "my foot taps along at {} BPM", "it goes at {} BPM")
TEXTURES = ("you get {}", "it's got {}", "I enjoy how it has {}", "I keep noticing {}")
MOODS = ("it feels {}", "the mood is {}", "it sounds {} to me", "to my ears it's {}")
SUITS = ("it makes me think of {}", "it reminds me of {}", "I can picture it with {}", "it would go well with {}")

# what a mood does to a listener
FEELINGS = {
    "happy": ("makes me smile", "puts me in a good mood", "cheers me up"),
    "calm": ("helps me unwind", "puts me at ease", "takes my stress away"),
    "sad": ("makes me want to cry", "brings tears to my eyes", "breaks my heart"),
    "energetic": ("makes me want to run", "gets me moving", "fires me up"),
    "dark": ("gives me the creeps", "makes me uneasy", "scares me a little"),
    "dreamy": ("makes me drift away", "takes me to another world", "sends me into a daydream"),
}


def write(attributes: Attributes, said: Iterable[str], rng) -> str:
    """A caption that says of the track what `said` names."""
    head, clauses = [], []
    if "mood" in said:
        if rng.random() < FELT:
            clauses.append(_feeling(attributes.mood, rng))
        else:
            head.append(word(rng, "crowd", "mood", attributes.mood))
        if rng.random() < USE:
            clauses.append(pick(rng, SUITS).format(pick(rng, USES[attributes.mood])))
    if "tempo" in said:
        if rng.random() < NUMERIC_TEMPO:
            clauses.append(pick(rng, TEMPI).format(attributes.tempo))
        else:
            head.insert(0, pick(rng, tempo_words(attributes.tempo)))
    nouns = GENRE_NOUNS if "genre" in said else NOUNS
    first = pick(rng, OPENINGS).format(described(head, music_noun(attributes, said, rng, "crowd", nouns, BLENDS)))
    if "lead" in said:
        first += pick(rng, LED_BY).format(with_article(word(rng, "crowd", "lead", attributes.lead)))
    if "drums" in said:
        frames = SILENT if attributes.drums == "none" else ACCOMPANIED
        clauses.append(pick(rng, frames).format(word(rng, "crowd", "drums", attributes.drums)))
    if "key" in said:
        clauses.append(pick(rng, KEYS).format(f"{attributes.key} {attributes.mode}"))
    if texture := textures(attributes, said, rng, "crowd"):
        clauses.append(pick(rng, TEXTURES).format(texture))
    return " ".join(map(sentence, [first, *_paired(_shuffled(clauses, rng))]))


def _feeling(mood: str, rng) -> str:
    if rng.random() < 0.5:
        return pick(rng, MOODS).format(word(rng, "crowd", "mood", mood))
    return f"it {pick(rng, FEELINGS[mood])}"


def _shuffled(clauses: list[str], rng) -> list[str]:
    left, found = dict(enumerate(clauses)), []
    while left:
        found.append(left.pop(choose(rng, dict.fromkeys(left, 1.0))))
    return found


def _paired(clauses: list[str]) -> list[str]:
    """Two clauses a sentence, so that many things said do not make many short sentences."""
    return [", and ".join(clauses[start : start + 2]) for start in range(0, len(clauses), 2)]
