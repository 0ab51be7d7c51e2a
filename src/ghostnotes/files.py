"""Files that are either whole or not there: atomic writes, checksums beside the data, weights without pickles."""

import gzip
import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # whoever writes a table need not wait for torch
    from torch import Tensor, nn


def atomically(path: Path, write: Callable[[str], None]) -> None:
    """Call write(temporary file beside path), then rename: a reader sees the old file or the whole new one."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    try:
        write(temporary)
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    finally:
        if os.path.exists(temporary):
            os.unlink(temporary)


def sha256(path: Path) -> str:
    """Hex digest of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def save_tensors(path: Path, tensors: "dict[str, Tensor]", metadata: dict) -> None:
    """Tensors and JSON metadata as safetensors, with `<name>.sha256` beside; atomic, the checksum last."""
    from safetensors.torch import save_file

    path = Path(path)
    header = {"json": json.dumps(metadata, sort_keys=True)}
    contiguous = {name: tensor.detach().contiguous() for name, tensor in tensors.items()}
    atomically(path, lambda temporary: save_file(contiguous, temporary, metadata=header))
    atomically(_sidecar(path), lambda temporary: Path(temporary).write_text(sha256(path) + "\n"))


def load_tensors(path: Path) -> "tuple[dict[str, Tensor], dict]":
    """What `save_tensors` wrote: (tensors, metadata). ValueError in one line where the file is missing or damaged."""
    from safetensors import safe_open
    from safetensors.torch import load_file

    path = Path(path)
    if not path.exists():
        raise ValueError(f"{path}: not there; `dvc repro` makes it")
    if not _sidecar(path).exists():
        raise ValueError(f"{path}: its checksum {_sidecar(path).name} is missing; delete the file and make it again")
    if sha256(path) != _sidecar(path).read_text().strip():
        raise ValueError(f"{path}: damaged or truncated (its checksum differs); delete it and make it again")
    with safe_open(path, "pt") as file:
        metadata = json.loads((file.metadata() or {}).get("json", "{}"))
    return load_file(path), metadata


def write_json(path: Path, values: dict) -> None:
    """Metrics as JSON: numbers rounded to 6 significant figures, keys in the order given; atomic."""
    text = json.dumps(_rounded(values), indent=2) + "\n"
    atomically(path, lambda temporary: Path(temporary).write_text(text, encoding="utf-8"))


def write_csv(path: Path, table) -> None:
    """A pandas table as CSV: floats to 6 significant figures, no index; atomic. To .gz compressed, undated."""
    content = table.to_csv(index=False, float_format="%.6g", lineterminator="\n").encode("utf-8")
    content = gzip.compress(content, mtime=0) if Path(path).suffix == ".gz" else content
    atomically(path, lambda temporary: Path(temporary).write_bytes(content))


def _rounded(value):
    if isinstance(value, dict):
        return {key: _rounded(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(part) for part in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value


def load_weights(path: Path, build: "Callable[[dict], nn.Module]") -> "tuple[nn.Module, dict]":
    """A trained model in evaluation mode and its metadata; build(metadata) -> the empty model."""
    tensors, metadata = load_tensors(path)
    try:
        model = build(metadata)
        model.load_state_dict(tensors)
    except (KeyError, RuntimeError) as error:
        raise ValueError(f"{path}: not weights of the expected kind: {' '.join(str(error).split())[:150]}") from error
    return model.eval(), metadata


def _sidecar(path: Path) -> Path:
    return path.with_name(path.name + ".sha256")
