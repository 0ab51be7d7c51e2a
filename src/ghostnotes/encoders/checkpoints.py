"""Weights from elsewhere: found in a folder or in the hub's local cache, read without unpickling, converted if need be.

A pickle can run any program while it is read. So weights come as safetensors or through torch's `weights_only`, and a
checkpoint that holds more than tensors is refused until its reader names, one by one, the things that may be made; and
even a reader can name only what is on a short list of things that run nothing.
"""

import hashlib
import importlib
import os
import pickle
import re
import shlex
from collections.abc import Iterable, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor

from ghostnotes.files import load_tensors, save_tensors, sha256

FOLDER = "encoders"  # of the models' folder: where weights are looked for
# all that a checkpoint may make beside tensors, if its reader names it: containers and numbers, which run nothing
HARMLESS = frozenset(
    "argparse.Namespace pathlib.PosixPath pathlib.WindowsPath numpy.dtype numpy.ndarray "
    "numpy.core.multiarray.scalar numpy.core.multiarray._reconstruct "
    "numpy._core.multiarray.scalar numpy._core.multiarray._reconstruct".split()
)
# instances of numpy.dtype are of classes of their own, which a pickle does not name
DTYPES = "Bool Int8 Int16 Int32 Int64 UInt8 UInt16 UInt32 UInt64 Float16 Float32 Float64 Complex64 Complex128 Str Bytes"
NAMED = 10  # names that a refusal shows


@contextmanager
def offline():
    """No library asks a hub for anything in here, whatever it is told to load."""
    from huggingface_hub import constants

    before, variable = constants.HF_HUB_OFFLINE, os.environ.get("HF_HUB_OFFLINE")
    constants.HF_HUB_OFFLINE, os.environ["HF_HUB_OFFLINE"] = True, "1"
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before
        os.environ.pop("HF_HUB_OFFLINE")
        if variable is not None:
            os.environ["HF_HUB_OFFLINE"] = variable


def find_file(name: str, models: Path, fetch: str) -> Path:
    """The checkpoint `name`: a path, or a file in models/encoders. ValueError says what to fetch and where it goes."""
    places = [Path(name).expanduser(), Path(models) / FOLDER / name]
    for place in places:
        if place.is_file():
            return place
    raise ValueError(f"{name}: no such file, nor {places[1]}; fetch {fetch} and put it there, or give its path")


def find_folder(name: str, models: Path, files: str = "") -> Path:
    """The model `name`: a folder, one in models/encoders, or a hub id whose files are in the hub's local cache.

    ValueError in one line that says what to fetch and where to put it; files: which of its files, where not all.
    """
    from huggingface_hub import constants, snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    put = Path(models) / FOLDER / Path(name).name
    for place in (Path(name).expanduser(), put):
        if place.is_dir():
            return place
    try:
        return Path(snapshot_download(name, local_files_only=True))
    except (HFValidationError, LocalEntryNotFoundError):
        raise ValueError(
            f"{name}: not a folder, not in {put.parent} and not in the hub's cache ({constants.HF_HUB_CACHE}); "
            f"where there is a network, `hf download {name}{files and ' ' + files} --local-dir {put}` fetches it"
        ) from None


def read(path: Path) -> dict[str, Tensor]:
    """The tensors of a checkpoint, safetensors or torch's own format; of {"state_dict": ...} what stands there.

    ValueError in one line where it is missing, damaged, or holds objects that only unpickling would bring back.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"{path}: no such file")
    if path.suffix == ".safetensors":
        return _safetensors(path)
    try:
        tensors, _ = _tensors(torch.load(path, map_location="cpu", weights_only=True), path)
        return tensors
    except pickle.UnpicklingError as error:
        raise ValueError(f"{path}: {_refusal(path, error)}") from None
    except (RuntimeError, EOFError, OSError) as error:
        raise ValueError(f"{path}: damaged, or not a checkpoint ({_line(error)})") from None


def fingerprint(tensors: Mapping[str, Tensor]) -> str:
    """The first digits of a sha256 of all tensors with their names: the same in every file format."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()[:12]


def convert(source: Path, target: Path, *, trust: Iterable[str] = ()) -> dict[str, Tensor]:
    """A pickled checkpoint -> safetensors; prints what it trusted, kept and dropped, and returns the tensors.

    trust: full names of what may be made while it is read, such as numpy.core.multiarray.scalar, out of HARMLESS;
    whatever else it holds stops the reading. Names of tensors stay as they are, what is no tensor is dropped. The
    source's sha256 is kept with the tensors. ValueError in one line for a source that is damaged or asks for more than
    was trusted, a target that is there already or is not called .safetensors, and a name that is not in HARMLESS.
    """
    source, target, trust = Path(source), Path(target), list(dict.fromkeys(trust))
    if not source.is_file():
        raise ValueError(f"{source}: no such file")
    if target.suffix != ".safetensors" or target.exists():
        why = "is there already; choose another name" if target.exists() else "should be called something.safetensors"
        raise ValueError(f"{target}: {why}")
    allowed = [(_trusted(name), name) for name in trust]
    if "numpy.dtype" in trust:
        import numpy as np

        allowed += [getattr(np.dtypes, f"{name}DType") for name in DTYPES.split()]
    try:
        with torch.serialization.safe_globals(allowed):
            loaded = torch.load(source, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ValueError(f"{source}: {_refusal(source, error, trust)}") from None
    except Exception as error:  # what was trusted is made in here, and may fail in ways of its own
        raise ValueError(f"{source}: damaged, or not a checkpoint ({_line(error)})") from None
    tensors, dropped = _tensors(loaded, source)
    save_tensors(target, tensors, {"source": source.name, "source_sha256": sha256(source), "trusted": trust})
    print(f"trusted: {', '.join(trust) or 'nothing but tensors'}")
    print(f"{target}: {len(tensors)} tensors" + (f"; dropped, no tensors: {', '.join(dropped)}" if dropped else ""))
    return tensors


def _safetensors(path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if path.with_name(path.name + ".sha256").exists():
        return load_tensors(path)[0]
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{path}: damaged, or not safetensors ({_line(error)})") from None


def _tensors(loaded, path: Path) -> tuple[dict[str, Tensor], list[str]]:
    """The tensors of what a checkpoint held, no two of them sharing memory, and the names of all else."""
    inner = loaded.get("state_dict", loaded) if isinstance(loaded, Mapping) else {}
    outer = [] if inner is loaded else [name for name in loaded if name != "state_dict"] if inner else []
    tensors, seen = {}, set()
    for name, value in inner.items() if isinstance(inner, Mapping) else ():
        if isinstance(name, str) and isinstance(value, Tensor):
            shared = value.untyped_storage().data_ptr() in seen
            seen.add(value.untyped_storage().data_ptr())
            tensors[name] = value.clone() if shared else value
    if not tensors:
        what = f"a mapping of {', '.join(map(str, loaded))}" if isinstance(loaded, Mapping) else type(loaded).__name__
        raise ValueError(f"{path}: no named tensors, neither at its top nor under 'state_dict'; it holds {what[:150]}")
    return tensors, [*map(str, outer), *(str(name) for name in inner if name not in tensors)]


def _trusted(name: str):
    """What a name of HARMLESS such as numpy.core.multiarray.scalar stands for."""
    if name not in HARMLESS:
        raise ValueError(f"{name!r} is not to be trusted: with it a checkpoint could run any program")
    module, _, attribute = name.rpartition(".")
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError):
        raise ValueError(f"{name!r}: not in the version that is installed; name it as the refusal does") from None


def _refusal(path: Path, error: Exception, trusted: Iterable[str] = ()) -> str:
    """Why a checkpoint was not read; and the command that reads it all the same, where all it asks for is HARMLESS."""
    try:
        asked = set(torch.serialization.get_unsafe_globals_in_checkpoint(path)) - set(trusted)
    except Exception:  # torch's old formats cannot be looked into
        return f"a pickle in a form that is not read safely ({_line(error)}); save it again as safetensors"
    if not asked:
        return f"not read: what was trusted made something unforeseen ({_line(error)})"
    # the checkpoint chose these names, and they may hold anything
    shown = sorted(re.sub(r"[^\w.]", "?", name, flags=re.ASCII)[:80] for name in asked)
    more = f" and {len(shown) - NAMED} more" if len(shown) > NAMED else ""
    held = f"holds more than tensors ({', '.join(shown[:NAMED])}{more}), and nothing is unpickled"
    if not asked <= HARMLESS:
        return f"{held}: with some of these a checkpoint could run any program; save its tensors alone as safetensors"
    names = sorted({*asked, *trusted})
    command = ["ghostnotes", "convert", str(path), str(path.with_suffix(".safetensors"))]
    return f"{held}; if you trust these, `{shlex.join([*command, *(word for n in names for word in ('--trust', n))])}`"


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
