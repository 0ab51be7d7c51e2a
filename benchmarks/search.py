"""Seconds of a search among 100,000 tracks: `python benchmarks/search.py`, some minutes. Writes benchmarks/search.csv.

Random vectors stand for the tracks. The networks are those of build/ where they are trained, else untrained ones of
params.yaml's sizes: what a search costs does not hang on what they learnt. Two threads, fifty seeds, the pipeline's
steps; the median counts. "warm" is a search by a `Retriever` that has searched before, "cold" a whole command.
CPU seconds stand beside the wall's, which other work on the machine makes longer.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the command line does
import numpy as np
import pandas as pd
import soundfile
import torch
from PIL import Image
from torch.nn import functional as F

from ghostnotes import Retriever, config
from ghostnotes.embeddings import Embeddings, TokenStates
from ghostnotes.encoders import joint
from ghostnotes.encoders.registry import open_encoder
from ghostnotes.files import save_tensors, write_csv
from ghostnotes.resnet import ResNetPrior
from ghostnotes.unet import UNetPrior

TRACKS, SEEDS, REPEATS, COLD = 100_000, 50, 7, 3
TEXT, UNLIKE, BUT = "calm piano for a rainy evening", "drums", "without drums"


def untrained(settings, root: Path) -> Path:
    """A build as `make repro` leaves it, of the settings' sizes and without any training."""
    build, sizes, prior = root / "build", settings.ghosts, settings.models["prior"]
    for name in ("muscall-mini", "clip-mini"):
        one = settings.encoders[name]
        shape = {"media": one.media, "channels": one.channels, "dim": one.dim, "text_width": one.text_width,
                 "vocabulary": joint.vocabulary([TEXT, UNLIKE, BUT])}  # fmt: skip
        weights = joint.build(shape).state_dict()
        save_tensors(build / "encoders" / f"{name}.safetensors", weights, {"name": name, **shape})
    shape = {"dim": 128, "text_dim": 128, "width": sizes.width, "levels": sizes.levels, "heads": sizes.heads}
    save_tensors(build / "models/ghost-muscall/0.safetensors", UNetPrior(**shape).state_dict(),
                 {"network": "unet", "shape": shape})  # fmt: skip
    shape = {"dim": 128, "query_dim": 128, "width": prior.width, "depth": prior.depth}
    save_tensors(build / "models/prior/0.safetensors", ResNetPrior(**shape).state_dict(), {"network": "prior", **shape})
    centre = Embeddings(("0",), F.normalize(torch.randn(1, 128), dim=-1), "none")
    centre.save(build / "embeddings/muscall-mini/studio-train-captions.safetensors")
    (root / "reports/metrics").mkdir(parents=True)
    for name in (config.SETTINGS_FILE, "reports/metrics/diff4steer_choices.json"):
        (root / name).write_bytes(Path(name).read_bytes())
    return build


def made_index(folder: Path, build: Path) -> None:
    """An index of random unit vectors, one window a track."""
    fingerprint = open_encoder("muscall-mini", "audio", models=build).fingerprint
    vectors = F.normalize(torch.randn(TRACKS, 128, generator=torch.Generator().manual_seed(0)), dim=-1)
    ids = [f"{number // 1000}/{number}.mp3" for number in range(TRACKS)]
    Embeddings(ids, vectors, fingerprint).save(folder / "muscall-mini" / "tracks.safetensors")
    windows = TokenStates(ids, vectors.half(), torch.ones(TRACKS, dtype=torch.long), fingerprint)
    windows.save(folder / "muscall-mini" / "windows.safetensors")
    table = pd.DataFrame({"id": ids, "path": ids, "seconds": 200, "title": "A title", "artist": "An artist"})
    write_csv(folder / "tracks.csv", table.assign(genre="", caption=""))
    write_csv(folder / "quarantine.csv", pd.DataFrame(columns=["id", "reason", "detail"]))
    encoder = {"name": "muscall-mini", "fingerprint": fingerprint, "folder": "muscall-mini",
               "trained_on": "nothing"}  # fmt: skip
    about = {"root": str(folder / "music"), "counts": {"indexed": TRACKS}, "encoders": [encoder]}
    (folder / "index.json").write_text(json.dumps(about))


def median(action, repeats: int, children: bool = False) -> tuple[float, float]:
    """Wall and CPU seconds, the median of each; children: of processes that were waited for."""
    whose, taken = resource.RUSAGE_CHILDREN if children else resource.RUSAGE_SELF, []
    for _ in range(repeats):
        before, started = resource.getrusage(whose), time.monotonic()
        action()
        after = resource.getrusage(whose)
        spent = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
        taken.append((time.monotonic() - started, spent))
    return tuple(statistics.median(column) for column in zip(*taken))


def main() -> None:
    """Time every way of asking."""
    settings = config.open_project()
    torch.set_num_threads(2)
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        trained = Path("build/models/ghost-muscall/0.safetensors").exists()
        build = Path("build").resolve() if trained else untrained(settings, root)
        made_index(root / "index", build)
        rng = np.random.default_rng(0)
        Image.fromarray(rng.integers(0, 255, (256, 256, 3), dtype=np.uint8)).save(root / "picture.png")
        soundfile.write(root / "track.wav", 0.1 * rng.standard_normal(20 * 32000), 32000)
        music = Retriever(root / "index", models=build)
        picture, track = root / "picture.png", root / "track.wav"
        asked = {
            "text": lambda: music.search(TEXT, seeds=SEEDS),
            "text, unlike": lambda: music.search(TEXT, unlike=UNLIKE, seeds=SEEDS),
            "picture": lambda: music.search(image=picture, seeds=SEEDS),
            "picture, text, unlike": lambda: music.search(TEXT, unlike=UNLIKE, image=picture, seeds=SEEDS),
            "like a file of 20 s": lambda: music.like(track),
            "like a file of 20 s, but": lambda: music.like(track, BUT),
        }
        rows = []
        for name, ask in asked.items():
            ask()
            rows.append(("warm", name, *median(ask, REPEATS)))
        command = [sys.executable, "-m", "ghostnotes"]
        where = ["--index", root / "index", "--models", build, "--json"]
        commands = {"--help": ["--help"], "search, text": ["search", TEXT, *where],
                    "search, picture": ["search", "--image", picture, *where]}  # fmt: skip
        for name, words in commands.items():

            def ask(words=words):
                subprocess.run([*command, *words], check=True, capture_output=True)

            rows.append(("cold", name, *median(ask, COLD, True)))
    table = pd.DataFrame(rows, columns=["state", "asked", "seconds", "cpu_seconds"]).round(2)
    table["networks"] = "trained" if trained else "untrained"
    write_csv("benchmarks/search.csv", table)
    print(table.to_string(index=False))


if __name__ == "__main__":
    main()
