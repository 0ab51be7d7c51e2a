"""What the made corpus knows and no real data set does: what a picture and a text reveal of a track, exactly."""

import numpy as np
import pandas as pd

from miniband.attributes import GENRES, MOODS
from miniband.beliefs import core_prior
from miniband.captions import genre_prompt
from miniband.phrases import with_article
from miniband.pictures import Picture, likelihood
from miniband.reading import PLAIN, read
from miniband.vocabulary import SHARED_WORDS, tempo_words


def picture_log_likelihoods(pictures: pd.DataFrame, tracks: pd.DataFrame) -> np.ndarray:
    """log p(picture | attributes of the track), up to a constant for each picture: (P, N); -inf where impossible.

    pictures: rows of `Catalogue.pictures`; tracks: rows of `Catalogue.tracks`. A picture depends on genre, second genre
    and mood alone, so tracks that share these share their value.
    """
    second = tracks["second_genre"].where(tracks["second_genre"] != "", tracks["genre"])
    place = [pd.Index(names).get_indexer(column) for names, column in
             ((GENRES, tracks["genre"]), (GENRES, second), (MOODS, tracks["mood"]))]  # fmt: skip
    with np.errstate(divide="ignore"):
        return np.stack([np.log(likelihood(one)[tuple(place)]) for one in _each(pictures)])


def picture_beliefs(pictures: pd.DataFrame, domain: str = "studio") -> dict[str, np.ndarray]:
    """What is truly known of each picture's track: {"genre": (P, 16), "mood": (P, 6)}, rows sum to 1.

    Columns in the corpus' order. "genre" is the expected genre mass: a crossover belongs half to each of its two.
    """
    core = np.stack(list(_posteriors(pictures, domain)))
    both = core.sum(3)
    return {"genre": (both.sum(1) + both.sum(2)) / 2, "mood": core.sum((1, 2))}


def base_rates(domain: str = "studio") -> dict[str, np.ndarray]:
    """The domain's own frequencies, as `picture_beliefs` would give them for a picture that shows nothing."""
    core = core_prior(domain)
    both = core.sum(2)
    return {"genre": (both.sum(0) + both.sum(1)) / 2, "mood": core.sum((0, 1))}


def picture_entropies(pictures: pd.DataFrame, domain: str = "studio") -> np.ndarray:
    """How open a picture leaves what it is of: entropy of p(genre, second genre, mood | picture) in nats, (P,)."""
    found = []
    for belief in _posteriors(pictures, domain):
        belief = belief[belief > 0]
        found.append(-(belief * np.log(belief)).sum())
    return np.array(found)


def mood_masses(tracks: pd.DataFrame) -> np.ndarray:
    """(N, 6): 1 for each track's mood."""
    return (tracks["mood"].to_numpy()[:, None] == np.array(MOODS)).astype(np.float64)


def prompts() -> dict[str, str]:
    """Every genre's prompt, the shortest text that asks for it: "A rock track." Genres in the corpus' order."""
    return {genre: genre_prompt(genre) for genre in GENRES}


def genre_prompts(tracks: pd.DataFrame) -> list[str]:
    """The text that asks for each track's genre, for both genres of a crossover: "A rock and jazz track."

    ValueError for a genre that the corpus does not know.
    """
    known = prompts()
    unknown = sorted({*tracks["genre"], *tracks["second_genre"]} - {*known, ""})
    if unknown:
        raise ValueError(f"genre {unknown[0]!r} has no prompt; known: {', '.join(known)}")
    return [known[one].replace(" track.", f" and {other} track.") if other else known[one]
            for one, other in zip(tracks["genre"], tracks["second_genre"])]  # fmt: skip


def attribute_texts(tracks: pd.DataFrame, attribute: str) -> list[str]:
    """The shortest text that asks for each track's value of one attribute, in the plainest words: "A slow track."

    A key is never said without its mode, nor a mode without its key. ValueError for an attribute that has no text.
    """
    if attribute == "genre":
        return genre_prompts(tracks)
    if attribute in ("key", "mode"):
        return [f"A track in {row.key} {row.mode}." for row in tracks.itertuples()]
    words = {"tempo": lambda tempo: tempo_words(tempo)[0]}.get(attribute) or (lambda v: SHARED_WORDS[attribute][v][0])
    frames = {"mood": "{} track.", "tempo": "{} track.", "lead": "A track featuring {}.", "drums": "A track with {}."}
    if attribute not in frames:
        raise ValueError(f"no text asks for {attribute!r} alone; known: genre, key, mode, {', '.join(frames)}")
    said = [words(value) for value in tracks[attribute]]
    said = said if attribute == "drums" else [with_article(word) for word in said]
    return [text[0].upper() + text[1:] for text in (frames[attribute].format(word) for word in said)]


def matching(texts, tracks: pd.DataFrame) -> np.ndarray:
    """Which tracks match all that a text says, (len(texts), N) bool; one genre alone is said of no crossover.

    ValueError for a text that contradicts itself.
    """
    genres = np.array(["+".join(sorted({one, other} - {""})) for one, other in
                       zip(tracks["genre"], tracks["second_genre"])])  # fmt: skip
    found = np.ones((len(texts), len(tracks)), dtype=bool)
    for fits, text in zip(found, texts):
        said = read(text)
        if said.genres is not None:
            fits &= genres == "+".join(sorted(said.genres))
        if said.tempo is not None:
            fits &= tracks["tempo"].between(*said.tempo).to_numpy()
        for name in PLAIN:
            if getattr(said, name) is not None:
                fits &= tracks[name].to_numpy() == getattr(said, name)
    return found


def _posteriors(pictures: pd.DataFrame, domain: str):
    """p(genre, second genre, mood | picture) of each, (16, 16, 6)."""
    for one in _each(pictures):
        belief = core_prior(domain) * likelihood(one)
        yield belief / belief.sum()


def _each(pictures: pd.DataFrame):
    for row in pictures.to_dict("records"):
        yield Picture.from_row({name: str(value) for name, value in row.items()})
