"""A build folder in small: untrained encoders and networks saved as the pipeline saves them, settings beside them."""

import json
from pathlib import Path

import numpy as np
import soundfile
import tiny_models
import torch
from torch.nn import functional as F

from ghostnotes.embeddings import Embeddings
from ghostnotes.files import save_tensors
from ghostnotes.resnet import ResNetPrior
from ghostnotes.unet import UNetPrior

PROJECT = Path(__file__).parents[1]
DIM, WORDS = 6, 16  # of `tiny_models.mini`


def _stirred(network):
    """Weights far enough from 0 that what is asked matters."""
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return network.eval()


def ghost(path, seed=0, **more):
    """An untrained ghost network from texts to windows of the tiny encoders."""
    torch.manual_seed(seed)
    shape = {"dim": DIM, "text_dim": WORDS, "width": 16, "levels": 2, "heads": 2, "scalings": "edm"}
    save_tensors(path, _stirred(UNetPrior(**shape)).state_dict(), {"network": "unet", "shape": shape, **more})


def prior(path, nested=False):
    """An untrained prior from pictures to tracks; nested: its shape is saved as the stage catalogue-train does."""
    torch.manual_seed(1)
    shape = {"dim": DIM, "query_dim": DIM, "width": 32, "depth": 2}
    saved = {"shape": shape} if nested else shape
    save_tensors(path, _stirred(ResNetPrior(**shape)).state_dict(), {"network": "prior", **saved})


def make(root: Path) -> Path:
    """What `make repro` leaves, in root/build: all but the ghost networks of clap-mini and mule-mini."""
    build = root / "build"
    tiny_models.minis(build)
    ghost(build / "models" / "ghost-muscall" / "0.safetensors")
    prior(build / "models" / "prior" / "0.safetensors")
    captions = F.normalize(torch.randn(9, DIM, generator=torch.Generator().manual_seed(2)), dim=-1)
    store = Embeddings(tuple(map(str, range(9))), captions, "made")
    store.save(build / "embeddings" / "muscall-mini" / "studio-train-captions.safetensors")
    (root / "params.yaml").write_bytes((PROJECT / "params.yaml").read_bytes())
    choices = root / "reports" / "metrics" / "diff4steer_choices.json"
    choices.parent.mkdir(parents=True)
    choices.write_text(json.dumps({"omega": 1.5, "k": {"image+caption": 0.3}}))
    return build


def tune(path: Path, number: int, seconds: float = 5.0, rate: int = 16000) -> None:
    """A sound file of its own: three partials and noise, by number."""
    path.parent.mkdir(parents=True, exist_ok=True)
    generator, at = np.random.default_rng(number), np.arange(int(seconds * rate)) / rate
    partials = sum(np.sin(2 * np.pi * f * at) for f in generator.uniform(80, 4000, 3))
    soundfile.write(path, 0.1 * partials + generator.uniform(0, 0.1) * generator.standard_normal(len(at)), rate)
