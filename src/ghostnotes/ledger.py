"""Many methods, one gallery: every answer judged alike and taken down for the tables."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch

from ghostnotes import evaluation, metrics, statistics
from ghostnotes.embeddings import Embeddings
from ghostnotes.files import write_csv


class Ledger:
    """The answers of many methods to queries of one gallery, all judged alike: query by query and as a whole.

    As a whole: the Fréchet distance of one seed for every track (its first query) to the tracks themselves, equal n on
    both sides; again on five disjoint parts, which give its interval.
    """

    KEYS = ("method", "query", "omega", "k")

    def __init__(
        self, tests: Embeddings, others: Embeddings, masses, recall_at, entropy_at, alignment=None, seed: int = 0
    ):
        """tests: the tracks that are asked for, others: the rest of the gallery; masses: (N, G) genres of both.

        alignment: callable(ids, music) -> (Q,), where a query has a picture: its M2I.
        """
        self.tests, self.others, self.masses = tests, others, masses
        self.rows = {name: row for row, name in enumerate(tests.ids)}
        self.gallery = torch.cat([tests.vectors, others.vectors])
        self.recall_at, self.entropy_at, self.alignment, self.seed = recall_at, entropy_at, alignment, seed
        self.queries, self.distances, self.parts = [], [], []

    def take(self, answers, ids, method: str, query: str = "image", omega=np.nan, k=np.nan, training_seed: int = 0):
        """Take down one method's answers: seeds (Q, S, d), or an order of the gallery (Q, N).

        ids: "TRACK/DRAW" a query, which asks for that track.
        """
        keys = {"method": method, "query": query, "omega": omega, "k": k, "training_seed": training_seed}
        items, draws = zip(*(name.rsplit("/", 1) for name in ids))
        unknown = sorted(set(items) - set(self.rows))
        if unknown:
            raise ValueError(f"ledger: no track {unknown[0]!r} is asked for; a query is named TRACK/DRAW")
        own = [self.rows[item] for item in items]
        how = (own, self.masses, self.recall_at, self.entropy_at)
        if answers.ndim == 2:
            table = evaluation.per_order(answers, *how)
        else:
            table = evaluation.per_query(answers, self.gallery, *how)
        if answers.ndim == 3 and self.alignment:
            table["m2i"] = self.alignment(ids, answers)
        self.queries.append(table.assign(**keys, item=items, draw=np.array(draws, dtype=int)))
        if answers.ndim == 3:
            one = answers[np.array(draws) == "0", 0]
            self.distances.append(keys | {"fmd": metrics.frechet_distance(one, self.tests.vectors)})
            parts = statistics.frechet_subsamples(one, self.tests.vectors, parts=5, seed=self.seed)
            self.parts += [keys | {"part": part, "fmd": value} for part, value in enumerate(parts)]

    def write(self, folder: Path, domain: str) -> pd.DataFrame:
        """queries.csv and parts.csv, averaged over training seeds; seeds.csv, every training seed's means, returned."""
        keys, queries = list(self.KEYS), pd.concat(self.queries, ignore_index=True)
        values = [name for name in queries if name not in (*keys, "training_seed", "item", "draw")]

        def means(table, by, columns):
            groups = table.groupby([*keys, *by], dropna=False, sort=False)
            return groups[columns].mean().reset_index().assign(domain=domain)

        n = len(self.tests)
        floor = statistics.frechet_floor(self.others.vectors, min(n, len(self.others) // 2), seed=self.seed)
        by_seed = means(queries, ["training_seed"], values).merge(
            pd.DataFrame(self.distances), on=[*keys, "training_seed"], how="left"
        )
        by_seed = by_seed.assign(frechet_n=n, fmd_floor=np.mean(floor))
        write_csv(Path(folder) / "seeds.csv", by_seed)
        write_csv(Path(folder) / "queries.csv", means(queries, ["item", "draw"], values))
        write_csv(Path(folder) / "parts.csv", means(pd.DataFrame(self.parts), ["part"], "fmd"))
        return by_seed
