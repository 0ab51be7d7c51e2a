"""The outcome beside a verdict: where a predicate sees less than its claim says, the numbers that it does not see.

A predicate is never mended after its result is known, so what is missing in it is shown beside it, read from the same
tables. Some claims pass although what mattered failed; some fail for a reason that is not the claim's.
"""

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from ghostnotes.methods import METHODS


@dataclass(frozen=True)
class Outcome:
    """One column of one table, at several values of another column."""

    why: str  # what the predicate does not ask
    what: str  # what these numbers are
    table: str
    column: str
    over: str
    at: tuple
    where: dict = field(default_factory=dict)


FOUND = {"domain": "crowd", "query": "image", "primary": True}
EDITS = ("unmodified", "inversion", "regeneration")
PROMPTS = ("unmodified", "negative_prompt", "prefix_negation")
AT_WEIGHT = {"network": "clap", "at": "equal_weight"}
OUTCOMES = {
    "D1": Outcome("It asks for nearness to the cloud of real music, not to the right track.", "recall at 100, crowd",
                  "diff4steer_table1", "recall_at_100", "method", ("diff4steer", "regression"), FOUND),
    "D18": Outcome("It compares with no steering at all.", "recall at 100 by caption, crowd", "diff4steer_table1",
                   "recall_at_100", "method", ("diff4steer", "regression_txt", "clap"), FOUND | {"query": "caption"}),
    "G18": Outcome("Whoever changes nothing keeps everything.", "share of unwanted tracks among ten", "gdr_table6",
                   "share_unwanted", "method", PROMPTS, AT_WEIGHT),
    "G19": Outcome("It asks for the direction, not for what is lost on the way.", "share of the rest, kept among ten",
                   "gdr_table6", "retention", "method", PROMPTS[:2], AT_WEIGHT),
    "G21": Outcome("A text that hardly changes the query keeps it.", "share of unwanted tracks among ten",
                   "gdr_table6", "share_unwanted", "method", PROMPTS, AT_WEIGHT),
    "G22": Outcome("Doing nothing stays nearest of all.", "share of edited tracks among ten", "gdr_figure5",
                   "success", "method", EDITS),
    "G23": Outcome("A tenth of the smaller cosine is a wide margin.", "share of edited tracks among ten", "gdr_figure5",
                   "success", "method", EDITS),
    "G24": Outcome("It does not ask whether fresh noise dials as well.", "similarity to the original, fresh noise",
                   "gdr_edits", "similarity_original_audio", "steps", (5, 20, 50), {"kind": "all", "method": "sdedit"}),
    "G25": Outcome("It does not ask how near the edit lies to begin with.", "similarity of the edit to the original",
                   "gdr_figure5", "similarity_edit_audio", "method", ("unmodified",)),
    "C1": Outcome("It looks at what was observed, not at what was asked for.", "similarity of the asked part, continue",
                  "guidance_gradients", "similarity_hidden", "method",
                  ("unsteered", "reconstruction", "last_window", "ridge"), {"task": "continue"}),
    "C2": Outcome("It does not ask whether the track's own twin in the new style is found.", "median place of the twin",
                  "guidance_gradients", "median_rank_twin", "method", ("combined", "arithmetic"), {"task": "restyle"}),
    "C3": Outcome("It compares the ends of a sweep and sees nothing between them.", "similarity of the observed part",
                  "guidance_gradients_steps", "similarity_observed", "step", (0.01, 0.3, 1), {"task": "continue"}),
}  # fmt: skip


def words(claim: str, tables: Path) -> str:
    """Why and what stands beside the verdict of a claim, such as "... : name 0.1, name 0.2"; "" where nothing does.

    A row that this folder's table does not have is left out, so that a profile of fewer settings has its scorecard too.
    """
    one = OUTCOMES.get(claim)
    path = Path(tables) / f"{one.table}.csv" if one else None
    if not one or not path.exists():
        return ""
    table = pd.read_csv(path, keep_default_na=False, na_values=[""])
    for name, value in one.where.items():
        table = table[table[name] == value] if name in table else table
    values = [(at, table.loc[table[one.over] == at, one.column].dropna()) for at in one.at]
    said = [f"{_named(one.over, at)} {found.iloc[0]:.3g}" for at, found in values if len(found)]
    return f"{one.why} {one.what[0].upper()}{one.what[1:]}: {', '.join(said)}." if said else ""


def _named(over, at):
    return METHODS[at][2] if over == "method" else f"{over} {at:g}:"
