"""Every number in a table, one pure function each.

Diff4Steer III-D (Fréchet distance of music embeddings, intra-sample cosine, recall, triplet accuracy, genre
entropy) and GD-Retriever 4.1-4.2 (recall, median rank, Fréchet distance, Vendi score). All functions take
numpy arrays or torch tensors, compute in float64 and return a Python float; bad input is a ValueError that
says what to do. Where equal inputs must give equal outcomes (ties), cosines count as equal when they agree to
`DECIMALS` places: the last bits of a matrix product depend on the thread count.
"""

import math

import numpy as np

DECIMALS = 9
_LOGS = {"e": 1.0, 2: math.log(2.0), 10: math.log(10.0)}


def to_float64(name, values, *shapes):
    """Check an array of numbers and return it as float64 numpy.

    shapes: the accepted shapes, such as "(n, d)"; only the number of axes is checked, and "(..., d)" takes
    any. Raises ValueError for another number of axes, an empty array, or a value that is NaN or infinite.
    """
    if hasattr(values, "detach"):
        values = values.detach().cpu().double().numpy()  # bfloat16 has no numpy type
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be a full array of numbers, of shape {' or '.join(shapes)}") from None
    any_axes = any("..." in shape for shape in shapes)
    if not any_axes and array.ndim not in {len(shape.strip("(),").split(",")) for shape in shapes}:
        raise ValueError(f"{name} must have shape {' or '.join(shapes)}, got {array.shape}; reshape it")
    if array.size == 0:
        raise ValueError(f"{name} is empty (shape {array.shape}); give at least one row")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} has NaN or infinite values; find and drop the rows that hold them")
    return array


def unit_rows(name, array):
    """Scale the last axis of a float64 array to length 1.

    Raises ValueError where a row is all zeros: it has no direction, hence no cosine.
    """
    norms = np.linalg.norm(array, axis=-1, keepdims=True)
    if not norms.all():
        raise ValueError(f"{name} has a row of zeros, whose cosine is undefined; drop it or embed it again")
    return array / norms


def whole_number(name, value, smallest):
    """Return `value` as an int; ValueError where it is not a whole number of at least `smallest`."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)) or value < smallest:
        raise ValueError(f"{name} must be a whole number of at least {smallest}, got {value!r}")
    return int(value)


def frechet_distance(generated, reference):
    """Fréchet distance between Gaussians fitted to two samples (squared units of the embedding).

    generated: (n, d), reference: (m, d); n, m >= 2. Biased upward by small samples: compare at equal n only,
    and print the floor beside it (`statistics.frechet_floor`). FMD in Diff4Steer III-D, FAD in GD-Retriever
    Table 3; Heusel et al. 2017.
    """
    generated = to_float64("generated", generated, "(n, d)")
    reference = to_float64("reference", reference, "(m, d)")
    if generated.shape[1] != reference.shape[1]:
        raise ValueError(f"generated has {generated.shape[1]} dimensions and reference {reference.shape[1]}; "
                         "compare embeddings of one encoder")
    if min(len(generated), len(reference)) < 2:
        raise ValueError("generated and reference need at least 2 rows each: one row has no covariance")
    difference = generated.mean(0) - reference.mean(0)
    factors, traces = [], []
    for sample in (generated, reference):
        root = (sample - sample.mean(0)) / math.sqrt(len(sample) - 1)
        traces.append((root**2).sum())
        # the triangle R of a QR factorisation keeps all that the covariance needs in d rows
        factors.append(np.linalg.qr(root, mode="r") if len(root) > root.shape[1] else root)
    # tr (S1 S2)^(1/2) is the sum of the singular values of R1 R2^T: no matrix square root, right for n < d
    cross = np.linalg.svd(factors[0] @ factors[1].T, compute_uv=False).sum()
    return max(0.0, float(difference @ difference + sum(traces) - 2.0 * cross))


def vendi_score(x):
    """Vendi score: how many different items a sample seems to hold, from 1 to n.

    x: (n, d). The exponential of the entropy of the eigenvalues of K / n, with K the cosines between rows.
    Rises with n: compare at equal n. Friedman and Dieng 2022; MINVS and NVendi in GD-Retriever Table 5 are
    this number for one prompt's samples, averaged over prompts, and for all samples pooled.
    """
    rows = unit_rows("x", to_float64("x", x, "(n, d)"))
    n, d = rows.shape
    # X X^T and X^T X share their non-zero eigenvalues: take the smaller; the entropy divides by their sum, n
    gram = rows.T @ rows if n > d else rows @ rows.T
    return math.exp(_entropy(np.linalg.eigvalsh(gram).clip(min=0.0)))


def mean_intra_sample_cosine(seeds):
    """Mean cosine between different seeds of one query, averaged over queries (1 = all seeds alike).

    seeds: (Q, S, d) with S >= 2. MISCS in Diff4Steer III-D, MICS in GD-Retriever Table 5.
    """
    unit = unit_rows("seeds", to_float64("seeds", seeds, "(Q, S, d)"))
    count = unit.shape[1]
    if count < 2:
        raise ValueError("seeds holds 1 seed a query; a cosine between seeds needs at least 2")
    total = unit.sum(1)
    # the squared length of the sum is the sum of all S^2 cosines, of which S are a seed with itself
    return float((((total**2).sum(-1) - count) / (count * (count - 1))).mean())


def recall_at_k(ranks, k):
    """Share of queries whose right answer is among the first k.

    ranks: 0-based int (Q,), as `retrieval.positions` gives them; k >= 1. Diff4Steer III-D, GD-Retriever Table
    2.
    """
    ranks, k = _ranks(ranks), whole_number("k", k, 1)
    return float((ranks < k).mean())


def median_rank_percent(ranks, gallery_size):
    """Median rank in percent of the gallery; 50 is chance, the best is 100 / gallery_size.

    ranks: 0-based int (Q,); the + 1 of a 1-based rank is added here. MedR% in GD-Retriever Table 2.
    """
    ranks = _ranks(ranks, whole_number("gallery_size", gallery_size, 1))
    return float(100.0 * (np.median(ranks) + 1.0) / gallery_size)


def triplet_accuracy(queries, positives, negatives):
    """Probability that a query is nearer (by cosine) to its positive than to a negative; a tie counts half.

    queries: (Q, d), positives: (Q, d), negatives: (N, d) shared by all queries or (Q, N, d) one set a query.
    Averaged over negatives, then queries. Chance is .5. Shared negatives must not hold the positives: an own
    track among them would be a tie. For "all other gallery tracks" give (Q, N - 1, d), or use
    `triplet_accuracy_of_ranks`, which needs no copies. TA in Diff4Steer III-D, whose definition is not
    printed; this one fits its unconditional .505.
    """
    queries = unit_rows("queries", to_float64("queries", queries, "(Q, d)"))
    positives = unit_rows("positives", to_float64("positives", positives, "(Q, d)"))
    negatives = unit_rows("negatives", to_float64("negatives", negatives, "(N, d)", "(Q, N, d)"))
    if positives.shape != queries.shape:
        raise ValueError(f"positives {positives.shape} must match queries {queries.shape}: one each")
    if negatives.shape[-1] != queries.shape[1] or (negatives.ndim == 3 and len(negatives) != len(queries)):
        raise ValueError(f"negatives {negatives.shape} do not fit queries {queries.shape}; "
                         "give (N, d) or (Q, N, d)")
    near = (queries * positives).sum(-1)[:, None]
    far = queries @ negatives.T if negatives.ndim == 2 else np.einsum("qd,qnd->qn", queries, negatives)
    return float((1.0 + np.sign(np.round(near - far, DECIMALS))).mean() / 2.0)


def triplet_accuracy_of_ranks(ranks, gallery_size):
    """`triplet_accuracy` against all other gallery tracks, from the rank of the right one.

    ranks: 0-based int (Q,) in a gallery of gallery_size >= 2 tracks with one right answer a query. A rank
    counts the negatives that came before the positive, so this is the mean of 1 - rank / (gallery_size - 1);
    equal up to ties.
    """
    ranks = _ranks(ranks, whole_number("gallery_size", gallery_size, 2))
    return float(1.0 - ranks.mean() / (gallery_size - 1))


def music_image_alignment(images, music, image_texts, music_texts):
    """How well music goes with images by way of texts that both spaces know, one number a query: (Q,).

    images: (Q, e), music: (Q, d) or seeds (Q, S, d), whose values are averaged; image_texts (T, e) and music_texts
    (T, d): the same texts in the images' space and in the music's. 100 times the mean over texts of cos(image, text)
    cos(music, text). M2I in Diff4Steer III-D, where neither the texts nor the scale are printed: compare values over
    the same texts only.
    """
    images = unit_rows("images", to_float64("images", images, "(Q, e)"))
    music = unit_rows("music", to_float64("music", music, "(Q, d)", "(Q, S, d)"))
    music = music if music.ndim == 2 else music.mean(1)  # a mean of cosines is a cosine with the mean, unscaled
    sides = [unit_rows(name, to_float64(name, texts, "(T, d)"))
             for name, texts in (("image_texts", image_texts), ("music_texts", music_texts))]  # fmt: skip
    if len(sides[0]) != len(sides[1]) or len(images) != len(music):
        raise ValueError(f"{len(images)} images for {len(music)} queries of music, {len(sides[0])} texts in the "
                         f"images' space for {len(sides[1])} in the music's; need as many of both")
    return 100.0 * ((images @ sides[0].T) * (music @ sides[1].T)).mean(1)


def genre_entropy(genres, base="e"):
    """Entropy of the genres among the items retrieved for a query, averaged over queries (nats by default).

    genres: labels (Q, n) of the n retrieved items, or masses (Q, n, G) where an item belongs to several
    genres; masses are added over the items and scaled to sum 1. base: "e", 2 or 10. H@K in Diff4Steer Table
    III, whose base is not printed.
    """
    if base not in _LOGS:
        raise ValueError(f'base must be "e", 2 or 10, got {base!r}')
    if np.ndim(genres) == 3:
        masses = to_float64("genres", genres, "(Q, n, G)")
        if (masses < 0).any() or not masses.any(axis=(1, 2)).all():
            raise ValueError("genres as masses must be 0 or more, and not all 0 for a query")
        masses = masses.sum(1)
    else:
        labels = to_float64("genres", genres, "(Q, n)", "(Q, n, G)")
        if (labels != np.round(labels)).any() or (labels < 0).any():
            raise ValueError("genres as labels must be whole numbers from 0 on; drop missing ones (-1)")
        values, codes = np.unique(labels, return_inverse=True)
        masses = np.stack([np.bincount(row, minlength=len(values)) for row in codes.reshape(labels.shape)])
    return float(np.mean([_entropy(row) for row in masses]) / _LOGS[base])


def _entropy(masses):
    """Entropy in nats of non-negative masses, which are scaled to sum 1; 0 log 0 is 0."""
    shares = masses[masses > 0] / masses.sum()
    return float(-(shares * np.log(shares)).sum())


def _ranks(ranks, gallery_size=None):
    """Check 0-based ranks; ValueError where one is negative, fractional or beyond the gallery."""
    ranks = to_float64("ranks", ranks, "(Q,)")
    if (ranks != np.round(ranks)).any() or (ranks < 0).any():
        raise ValueError("ranks must be whole numbers from 0 (the best) on; use retrieval.positions")
    if gallery_size is not None and ranks.max() >= gallery_size:
        raise ValueError(f"ranks reach {ranks.max():.0f} in a gallery of {gallery_size}; they start at 0")
    return ranks
