"""Search an index of music by words, by a picture, or by a track that should have been a little different."""

import html
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from torch import Tensor

from ghostnotes import asking, retrieval, wishes
from ghostnotes.library import Library, index
from ghostnotes.metrics import DECIMALS

INDEXES = Path("ghostnotes-index")  # where indexes go when nobody says otherwise: INDEXES/NAME in the working folder
SHOWN = ["title", "artist", "genre", "caption"]


@dataclass(frozen=True, repr=False)
class Answer:
    """What was found. table: rank (from 1), id, path, score (a cosine), title, artist, genre, caption, best first.

    how: one line, who answered, what that was trained on, words that it never met; seeds: what was imagined, (S, d).
    """

    table: pd.DataFrame
    how: str
    seeds: Tensor = field(repr=False)

    def __repr__(self) -> str:
        return f"{self.how}\n{self.table.to_string(index=False)}"

    def _repr_html_(self) -> str:
        table = self.table.to_html(index=False, escape=True, border=0, float_format="{:.3f}".format)
        return f"<p>{html.escape(self.how)}</p>{table}"


class Retriever:
    """An index and the models that imagine what to look for in it."""

    def __init__(self, library: Library | Path, *, encoder: str | None = None, models: Path = Path("build"),
                 device: str = "cpu"):  # fmt: skip
        """library: an index or its folder; encoder: which of its encoders searches, by default the first that some
        model answers for; models: what `make repro` made. ValueError in one line where something is missing."""
        self.library = library if isinstance(library, Library) else Library.open(library)
        self.models, self.encoder, self._galleries = asking.Models(models, device), encoder, {}
        if encoder is not None:
            self.library.entry(encoder)

    @classmethod
    def of(cls, music: Path, to: Path | None = None, *, kind: str = "folder", encoders=("muscall-mini",),
           models: Path = Path("build"), device: str = "cpu", progress=True, options: Mapping | None = None,
           **more) -> "Retriever":  # fmt: skip
        """Index a folder of music, or a catalogue of another kind, and open it; again, only what changed is encoded.

        to: the index's folder, by default ghostnotes-index/NAME in the working folder; kind and options (as one
        mapping, or by name) as for `datasets.catalogues.open_catalogue`, such as captions="captions.csv".
        """
        # late: who searches an index that is there reads no catalogue
        from ghostnotes.datasets.catalogues import open_catalogue
        from ghostnotes.encoders.registry import open_encoder

        catalogue = open_catalogue(kind, Path(music).expanduser(), **(dict(options or {}) | more))
        opened = [open_encoder(name, "audio", models=Path(models), device=device) for name in encoders]
        library = index(catalogue, opened, to or default_place(music), progress=progress)
        return cls(library, models=models, device=device)

    def search(self, text: str | None = None, *, unlike: str | None = None, image=None, guidance: float | None = None,
               seeds: int = 50, k: int = 10, seed: int = 0, how: str | None = None, steps: int | None = None,
               strength: float | None = None) -> Answer:  # fmt: skip
        """The k tracks nearest to what the models imagine for a text, a picture (a path or a PIL image), or both.

        unlike: what should not be there, a negative prompt (beside a picture: a text to steer away from). guidance: ω,
        the guidance scale of other systems minus 1; by default 2 for a text, and for a picture what val chose. seeds:
        how many tracks are imagined, with noise of `seed`; how: "mean", "max" or "interleave" makes one list of them,
        by default "mean" for texts (GD-Retriever) and "interleave" for pictures (Diff4Steer). steps of sampling;
        strength: k of a text beside a picture. ValueError in one line for a request that cannot be answered.
        """
        if not text and image is None:
            raise ValueError("nothing to search for: give a text or a picture; `unlike` goes with one of them")
        if text and unlike and text.split() == unlike.split():
            raise ValueError(f"{text!r} is both what is searched and what should not be there; leave one of them out")
        if image is None and strength is not None:
            raise ValueError("strength is that of a text beside a picture; a text alone has its guidance")
        _check(k, how)
        audio = self._searched_by(image is not None)
        if image is None:
            self._check_space(audio, "text" if self._reads(audio) in (None, audio) else "audio")
            omega = asking.OMEGA if guidance is None else guidance
            found = asking.by_text(self.models, audio, text, unlike, omega, seeds, seed, steps)
        else:
            self.models.prior(audio)  # where there is none, that is the reason to give
            texts = {said: sign for said, sign in ((text, 1), (unlike, -1)) if said}
            self._check_space(audio, "text" if texts else "audio")
            found = asking.by_picture(self.models, audio, image, texts, guidance, seeds, seed, steps, strength)
        return self._ranked(audio, found, k, how)

    def like(self, track: str | Path, but: str | None = None, *, unlike: str | None = None, depth: int | None = None,
             guidance: float | None = None, k: int = 10) -> Answer:  # fmt: skip
        """The k tracks nearest to this one, or to what it becomes under a text; itself is left out.

        track: a file, or an id of the index. but: the text under which the track, brought back to noise part of the
        way, comes down again (DDIM inversion); unlike: one that it comes down away from, and but="without drums" is
        another way to say unlike="drums". Its middle is edited, as many windows as the network knows; a shorter track
        is repeated. depth: how far up, of 50 steps; by default the pipeline's 20.
        """
        but, avoided = wishes.without(but)
        if avoided is not None and unlike is not None:
            raise ValueError(f"{avoided!r} and {unlike!r} are both to be left out; say it once, as `unlike`")
        unlike = avoided if unlike is None else unlike
        edited = but is not None or unlike is not None
        if not edited and (depth is not None or guidance is not None):
            raise ValueError("depth and guidance are those of an edit; give `but` or `unlike` with them")
        _check(k, None)
        audio = self._searched_by(False)
        windows, own = self._heard(audio, track)
        if edited or own is None:  # a track of the index as it is asks no encoder
            self._check_space(audio, "text" if edited and self._reads(audio) == audio else "audio")
        omega = asking.OMEGA if guidance is None else guidance
        found = asking.by_track(self.models, audio, windows, but, unlike, omega, depth)
        return self._ranked(audio, found, k, None, own)

    def _searched_by(self, picture: bool) -> str:
        """The encoder whose vectors are searched: the one that was asked for, or the first that a network knows."""
        if self.encoder is not None:
            return self.encoder
        names = self.library.encoders
        has = self.models.has_prior if picture else self.models.ghost
        return next((name for name in names if has(name)), names[0])

    def _heard(self, audio: str, track: str | Path) -> tuple[Tensor, int | None]:
        """A track's windows (T, d), and its row where it is one of the index's."""
        path, table = Path(track).expanduser(), self.library.table
        if path.is_file():  # also where some other track of the index has its name as an id
            names = [os.path.abspath(path), os.path.relpath(path.resolve(), self.library.root)]
            own = np.flatnonzero(table["path"].isin(names))
        else:
            own = np.flatnonzero(table["id"] == str(track))
        if len(own):
            return self.library.windows(audio).padded([own[0]])[0][0], own[0]
        if not path.exists():
            raise ValueError(f"{track}: neither a file nor a track of {self.library.folder}")
        # late: a search among what is indexed reads no sound
        from ghostnotes.datasets.audio import read

        hearer = self.models.encoder(audio, "audio")
        return hearer.windows(read(path, hearer.rate)), None

    def _ranked(self, audio: str, found: asking.Seeds, k: int, how: str | None, own: int | None = None) -> Answer:
        how = found.how if how is None else how
        seeds = found.vectors.mean(0, keepdim=True) if how == "mean" else found.vectors
        distance = retrieval.distances(seeds, self._gallery(audio))
        nearest, more = distance.min(0), k + (own is not None)
        if how == "interleave":
            rows = retrieval.interleaved(retrieval.first(distance, more)[None])[0]
        else:
            rows = retrieval.first(nearest[None], more)[0]
        rows = rows[rows != own][:k]
        table = self.library.table.iloc[rows].reset_index(drop=True)
        table.insert(0, "rank", range(1, len(table) + 1))
        table["score"] = np.round(1 - nearest[rows] / 10**DECIMALS, 6)
        learnt = f"{audio} was trained on {self.library.entry(audio)['trained_on']}"
        said = found.said if learnt in found.said else f"{found.said}; {learnt}"
        return Answer(table[["rank", "id", "path", "score", *SHOWN]], said, found.vectors)

    def _gallery(self, audio: str) -> np.ndarray:
        if audio not in self._galleries:
            self._galleries[audio] = self.library.tracks(audio).vectors.double().numpy()
        return self._galleries[audio]

    def _reads(self, audio: str) -> str | None:
        """The encoder that reads texts for the ghost network of this one; None where there is no such network."""
        found = self.models.ghost(audio)
        return None if found is None else found.reads

    def _check_space(self, audio: str, role: str) -> None:
        """ValueError where the encoder is no longer the one that the index was made with; before anything is imagined.

        role: what the encoder is asked for next, so that none is opened for this check alone."""
        now, then = self.models.fingerprint(audio, role), self.library.entry(audio)["fingerprint"]
        if now != then:
            raise ValueError(f"{self.library.folder}: made with {then}, and {audio} is now {now}; index again")


def _check(k: int, how: str | None) -> None:
    """ValueError for a list that cannot be made, before anything is imagined for it."""
    if how not in (None, "mean", "max", "interleave"):
        raise ValueError(f'how must be "mean", "max" or "interleave", got {how!r}')
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")


def default_place(music: Path) -> Path:
    """Where the index of a folder goes when nobody says otherwise."""
    return INDEXES / (Path(music).expanduser().resolve().name or "music")


def the_only_index() -> Path:
    """The one index in the working folder. ValueError where there is none, or more than one."""
    found = sorted(path.parent for path in INDEXES.glob("*/index.json"))
    if not found:
        raise ValueError(f"no index in {INDEXES}; make one by `ghostnotes index FOLDER`, or name yours: --index INDEX")
    if len(found) > 1:
        raise ValueError(f"several indexes, choose one by --index: {', '.join(map(str, found))}")
    return found[0]
