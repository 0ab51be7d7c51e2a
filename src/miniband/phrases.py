"""What every style of caption needs: articles, adjectives before a noun, the noun of a genre or of a crossover."""

from collections.abc import Iterable

from miniband.attributes import Attributes
from miniband.randomness import pick
from miniband.vocabulary import words_of


def word(rng, style: str, name: str, value: str) -> str:
    """A style's word for the value of an attribute."""
    return pick(rng, words_of(style, name)[value])


def with_article(phrase: str) -> str:
    """The phrase with its indefinite article: a jazz track, an unhurried tune.

    Letters decide, which is right for every word of `vocabulary` (it has no "hour" and no "unique").
    """
    return f"{'an' if phrase[0].lower() in 'aeiou' else 'a'} {phrase}"


def described(adjectives: list[str], noun: str) -> str:
    """The noun behind its adjectives: a happy, brisk rock tune."""
    return with_article(" ".join([", ".join(adjectives), noun]) if adjectives else noun)


def music_noun(attributes: Attributes, said: Iterable[str], rng, style: str, nouns, blends) -> str:
    """What the music is called, with its genre where that is said; a crossover's two genres come in either order."""
    if "genre" not in said:
        return pick(rng, nouns)
    genre = word(rng, style, "genre", attributes.genre)
    if attributes.second_genre:
        both = [genre, word(rng, style, "genre", attributes.second_genre)]
        return pick(rng, blends).format(*(both if rng.random() < 0.5 else both[::-1]))
    return f"{genre} {pick(rng, nouns)}"


def textures(attributes: Attributes, said: Iterable[str], rng, style: str) -> str:
    """Density and production as far as they are said, "" where neither is."""
    return " and ".join(
        word(rng, style, name, getattr(attributes, name)) for name in ("density", "production") if name in said
    )


def sentence(text: str) -> str:
    """The text with a capital and a full stop."""
    return text[0].upper() + text[1:] + "."
