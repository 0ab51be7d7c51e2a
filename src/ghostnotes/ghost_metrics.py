"""What ghost queries are worth: where the right track stands, and how near and how varied the ghosts are.

GD-Retriever 4.1 and 4.2, Tables 2, 4 and 5, one row a caption; the tables are means of these, the verdicts differences.
"""

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.nn import functional as F

from ghostnotes import metrics, retrieval, statistics

RECALL_AT = (1, 5, 10)  # GD-Retriever Table 2
DRAWS = 2000  # of the bootstrap of a median


def places(queries, gallery, truth) -> np.ndarray:
    """0-based rank (Q,) of each query's own track: queries (Q, d), gallery (N, d), truth (Q,) gallery indices."""
    return retrieval.places(retrieval.distances(queries, gallery), truth)


def median_rank(place: np.ndarray, size: int) -> statistics.Interval:
    """Median rank in per cent of a gallery of `size`, with a percentile bootstrap over queries. GD-Retriever Table 2.

    place: (Q, n) 0-based ranks, a column for every training seed and caption of a track; the columns' medians are
    averaged.
    """
    rows = np.random.default_rng(0).integers(0, len(place), (DRAWS, len(place)))
    found = 100 * (np.median(place[rows], axis=1).mean(1) + 1) / size
    middle = np.mean([metrics.median_rank_percent(column, size) for column in place.T])
    return statistics.Interval(float(middle), *(float(end) for end in np.quantile(found, [0.025, 0.975])))


def searched(place: np.ndarray) -> pd.DataFrame:
    """One row a query: its place, and whether that is among the first 1, 5, 10."""
    return pd.DataFrame({"place": place} | {f"recall_at_{k}": (place < k).astype(float) for k in RECALL_AT})


def per_prompt(ghosts: Tensor, texts: Tensor) -> pd.DataFrame:
    """One row a prompt: how near its ghosts are to their text and to one another. GD-Retriever Table 5.

    ghosts: (Q, S, d), texts: (Q, d) in the same joint space. clap_score: cosine of ghost and text, averaged over
    ghosts; mics: mean cosine between different ghosts; minvs: their Vendi score, from 1 to S. A single ghost, as a
    regression gives, is like itself: mics 1, minvs 1.
    """
    unit = F.normalize(ghosts.double(), dim=-1)
    score = torch.einsum("qsd,qd->qs", unit, F.normalize(texts.double(), dim=-1)).mean(1)
    alone = unit.shape[1] == 1
    mics = [1.0 if alone else metrics.mean_intra_sample_cosine(one[None]) for one in unit]
    minvs = [1.0 if alone else metrics.vendi_score(one) for one in unit]
    return pd.DataFrame({"clap_score": score.numpy(), "mics": mics, "minvs": minvs})


def nvendi(ghosts: Tensor) -> float:
    """Vendi score of all ghosts of all prompts pooled, (Q, S, d) -> 1 to Q S: how many different ones there seem to be.

    GD-Retriever Table 5; its normaliser is not printed, ours divides by nothing. Rises with Q and with varied S:
    compare at equal numbers. Repeating every ghost changes nothing, so a regression needs no copies.
    """
    return metrics.vendi_score(ghosts.double().flatten(0, 1))


def as_a_set(ghosts: Tensor, reference: Tensor, parts: int, seed: int = 0) -> tuple[dict[str, float], pd.DataFrame]:
    """FAD and NVendi of ghosts (Q, S, d): of all, and on disjoint parts of the prompts, one row a part.

    FAD is to as many reference embeddings (n, d), from one ghost a prompt, the first, so that rows are independent;
    of more prompts than reference rows, the first are taken. nvendi_first: of one ghost a prompt, to compare with real
    tracks, of which there is one.
    """
    count = min(len(ghosts), len(reference))
    unit, reference = F.normalize(ghosts[:count].double(), dim=-1), reference[:count]
    first, disjoint = unit[:, 0], statistics.disjoint_subsamples(count, parts, [seed, 0])
    found = {"fad": metrics.frechet_distance(first, reference), "nvendi": nvendi(unit)}
    found["nvendi_first"] = nvendi(unit[:, :1])
    fads = statistics.frechet_subsamples(first, reference, parts, seed)
    return found, pd.DataFrame({"part": range(parts), "fad": fads, "nvendi": [nvendi(unit[rows]) for rows in disjoint]})
