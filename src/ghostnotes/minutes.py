"""Where the time of a whole run goes: the stages of benchmarks/minutes.csv gathered into parts, for the README."""

import re
from pathlib import Path

import pandas as pd

# part -> the notebooks that belong to it, by the beginning of their names
PARTS = {
    "corpus: compose, render, paint": "pipeline/(corpus|pictures)",
    "encoders, embeddings, texts": "pipeline/(encoder|embeddings|text)",
    "probes and cards": "pipeline/(probe|cards)",
    "Diff4Steer: training, three seeds each": "pipeline/train",
    "Diff4Steer: guidance sweep, retrieval, diversity, steering":
        "pipeline/(sampling_cost|choices|seeds|steered|uncertainty|effects|sweep|table1)",
    "GD-Retriever: training, one seed each": "pipeline/(ghost_train|ghost_adapter)",
    "GD-Retriever: ghost queries, tables": "pipeline/(ghosts|ghost_sampling|gdr)",
    "negative prompts, inversion": "pipeline/(negative_prompts|inversion)",
    "domain alignment": "pipeline/(domain_shift|alignment)",
    "guidance gradients": "pipeline/(gradient_choices|completions|restyle|gradients)",
    "scorecard and lessons": "(pipeline/scorecard|lessons/)",
}  # fmt: skip


def part(stage: str) -> str:
    """The part that a notebook, such as "pipeline/train-prior", belongs to; ValueError where there is none."""
    found = [name for name, pattern in PARTS.items() if re.match(pattern, stage)]
    if len(found) != 1:
        raise ValueError(f"minutes.py: {stage!r} belongs to {len(found)} parts; give its notebook to one of PARTS")
    return found[0]


def by_part(project: Path) -> str:
    """A markdown table of minutes by part, in the order of the work, and their sum: stages one after another."""
    stages = pd.read_csv(Path(project) / "benchmarks/minutes.csv").set_index("stage")["minutes"]
    found = stages.groupby(stages.index.map(part)).sum().reindex(list(PARTS), fill_value=0.0)
    lines = [f"| {name} | {minutes:.1f} |" for name, minutes in found.items()]
    return "\n".join(["| part | minutes |", "|---|---|", *lines, f"| **sum of the stages** | **{found.sum():.0f}** |"])


def whole(project: Path, step: str, column: str) -> str:
    """A number of benchmarks/whole.csv: "minutes", "processor_minutes" or "peak_gib" of a step; one decimal."""
    found = pd.read_csv(Path(project) / "benchmarks/whole.csv").set_index("step")
    if step not in found.index:
        raise ValueError(f"whole.csv: {step!r} was not measured; python benchmarks/whole.py FOLDER {step}")
    return f"{found.loc[step, column]:.1f}"
