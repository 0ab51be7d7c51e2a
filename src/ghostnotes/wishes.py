"""The words that a person asks in: a wish that something be left out, and words that an encoder never met."""

import re

from ghostnotes.encoders.joint import words


def without(text: str | None) -> tuple[str | None, str | None]:
    """What a wish asks for and what it asks to leave out: "without drums" -> (None, "drums"), which no encoder reads.

    Encoders of texts hear the word and not its negation (lesson 10), so a wish that begins with one is turned round.
    ValueError for one that goes on to something else.
    """
    found = re.fullmatch(r"\s*(?:without|no|not)\s+(?:any\s+)?(.+?)\s*", text or "", re.IGNORECASE)
    if found and re.search(r"[,;]|\b(?:but|with|more|less)\b", found.group(1), re.IGNORECASE):
        two = "asks for two things: what should be there with --but, what should not with --unlike"
        raise ValueError(f"{text!r} {two}")
    return (None, found.group(1)) if found else (text, None)


def read(reader, *texts: str | None) -> str:
    """What a text encoder learnt from, and which words it never met. ValueError where it knows no word of a text."""
    never, unknown = set(), getattr(reader, "unknown", lambda text: ())  # others cut unknown words into known pieces
    for text in filter(None, texts):
        strange = set(unknown(text))
        if strange and strange >= set(words(text)):
            raise ValueError(f"{reader.name} knows no word of {text!r}")
        never |= strange
    return learnt(reader) + (f" (it never met: {', '.join(sorted(never))})" if never else "")


def learnt(encoder) -> str:
    """What an encoder was trained on, as a clause."""
    return f"{encoder.name} was trained on {encoder.trained_on}"
