"""Checkpoints from elsewhere: nothing is unpickled, nothing is half written, and every refusal says what to do."""

import argparse
import json
import os
import pickle
import shlex
import timeit
import zipfile

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from ghostnotes.encoders import checkpoints
from ghostnotes.files import save_tensors, sha256

WEIGHTS = {"module.a.weight": torch.arange(6.0).reshape(2, 3), "module.b": torch.tensor(3), "c": torch.ones(2).half()}
NUMPY = ["numpy.core.multiarray.scalar", "numpy.dtype"]


class Evil:
    """Runs a command when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


def same(found, expected=WEIGHTS):
    return found.keys() == expected.keys() and all(torch.equal(found[name], expected[name]) for name in expected)


def refused(match):
    return pytest.raises(ValueError, match=f"^(?!.*\n).*{match}")


@pytest.fixture
def numpy_checkpoint(tmp_path):
    """As training scripts save them: a best score from numpy beside the weights, and the optimizer's state."""
    path = tmp_path / "best.pt"
    torch.save({"epoch": 3, "best": np.float64(0.5), "state_dict": WEIGHTS | {"version": 2}}, path)
    return path


def test_tensors_are_read_from_both_formats_and_from_under_state_dict(tmp_path):
    save_file(WEIGHTS, tmp_path / "w.safetensors")
    torch.save(WEIGHTS, tmp_path / "w.pt")
    torch.save({"epoch": 1, "name": "x", "state_dict": WEIGHTS}, tmp_path / "w.ckpt")
    for name in ("w.safetensors", "w.pt", "w.ckpt"):
        assert same(checkpoints.read(tmp_path / name)), name


@pytest.mark.parametrize("name", ["w.safetensors", "w.pt"])
@pytest.mark.parametrize("keep", [0, 10, 0.5, 0.95])
def test_a_damaged_checkpoint_is_one_line_with_its_name(tmp_path, name, keep):
    path = tmp_path / name
    save_file(WEIGHTS, path) if name == "w.safetensors" else torch.save(WEIGHTS, path)
    content = path.read_bytes()
    path.write_bytes(content[: keep if keep > 1 else int(keep * len(content))])
    with refused(f"{name}: (damaged|a pickle in a form)"):
        checkpoints.read(path)


def test_a_flipped_bit_is_noticed_where_a_checksum_lies_beside(tmp_path):
    path = tmp_path / "w.safetensors"
    save_tensors(path, WEIGHTS, {})
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with refused("checksum differs"):
        checkpoints.read(path)


def test_a_missing_one_and_one_without_tensors_are_named(tmp_path):
    with refused("nowhere.pt: no such file"):
        checkpoints.read(tmp_path / "nowhere.pt")
    for content in ({"epoch": 3}, [1, 2], {"state_dict": {"a": 1}}, {"state_dict": {}}):
        torch.save(content, tmp_path / "empty.pt")
        with refused("empty.pt: no named tensors"):
            checkpoints.read(tmp_path / "empty.pt")


@pytest.mark.parametrize("form", ["torch", "old torch", "plain pickle"])
def test_a_pickle_that_runs_a_command_is_refused_and_the_command_does_not_run(tmp_path, form):
    path, marker = tmp_path / "evil.pt", tmp_path / "ran"
    if form == "plain pickle":
        path.write_bytes(pickle.dumps({"state_dict": Evil(marker)}))
    else:
        torch.save({"state_dict": WEIGHTS, "x": Evil(marker)}, path, _use_new_zipfile_serialization=form == "torch")
    with refused("evil.pt: "):
        checkpoints.read(path)
    for trust in ([], ["posix.system"], ["os.system"], ["builtins.eval"], ["subprocess.Popen"]):
        with refused("evil.pt|not to be trusted"):
            checkpoints.convert(path, tmp_path / "evil.safetensors", trust=trust)
    assert not marker.exists() and not (tmp_path / "evil.safetensors").exists()


def test_the_refusal_names_the_command_that_converts(numpy_checkpoint):
    with refused("holds more than tensors") as caught:
        checkpoints.read(numpy_checkpoint)
    command = str(caught.value).partition("`")[2].rpartition("`")[0]
    assert command == (
        f"ghostnotes convert {numpy_checkpoint} {numpy_checkpoint.with_suffix('.safetensors')} "
        "--trust numpy.core.multiarray.scalar --trust numpy.dtype"
    )


def test_what_is_named_is_trusted_and_the_tensors_come_out_as_they_were(numpy_checkpoint, tmp_path, capsys):
    target = tmp_path / "best.safetensors"
    checkpoints.convert(numpy_checkpoint, target, trust=NUMPY)
    printed = capsys.readouterr().out
    assert same(load_file(target)) and same(checkpoints.read(target))
    assert "trusted: numpy.core.multiarray.scalar, numpy.dtype" in printed
    assert "3 tensors; dropped, no tensors: epoch, best, version" in printed
    with safe_open(target, "pt") as file:
        about = json.loads(file.metadata()["json"])
    assert about == {"source": "best.pt", "source_sha256": sha256(numpy_checkpoint), "trusted": NUMPY}


def test_converting_twice_gives_the_same_bytes(numpy_checkpoint, tmp_path):
    for name in ("one.safetensors", "two.safetensors"):
        checkpoints.convert(numpy_checkpoint, tmp_path / name, trust=NUMPY)
    assert sha256(tmp_path / "one.safetensors") == sha256(tmp_path / "two.safetensors")


def test_trusting_one_thing_does_not_trust_another(numpy_checkpoint, tmp_path):
    with refused("holds more than tensors .numpy.dtype.*--trust numpy.core.multiarray.scalar --trust numpy.dtype"):
        checkpoints.convert(numpy_checkpoint, tmp_path / "t.safetensors", trust=NUMPY[:1])
    assert not (tmp_path / "t.safetensors").exists()
    with refused("holds more than tensors"):
        checkpoints.read(numpy_checkpoint)  # trust does not outlive the call that it was given to


@pytest.mark.parametrize("trust", ["numpy.core.multiarray.nothing", "scalar", "os.path.join", "timeit.timeit",
                                   "torch.nn.modules.linear.Linear", "", "numpy.dtype "])  # fmt: skip
def test_a_name_that_is_not_on_the_short_list_is_not_trusted(numpy_checkpoint, tmp_path, trust):
    with refused("is not to be trusted: with it a checkpoint could run any program"):
        checkpoints.convert(numpy_checkpoint, tmp_path / "t.safetensors", trust=[*NUMPY, trust])
    assert not (tmp_path / "t.safetensors").exists()


def test_a_name_of_another_version_is_told(numpy_checkpoint, tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoints, "HARMLESS", checkpoints.HARMLESS | {"nowhere.at.all"})
    with refused("'nowhere.at.all': not in the version that is installed"):
        checkpoints.convert(numpy_checkpoint, tmp_path / "t.safetensors", trust=["nowhere.at.all"])


def test_everything_on_the_short_list_can_be_trusted_and_comes_back(tmp_path):
    """What training scripts leave beside weights: their arguments, paths, numpy's numbers and arrays."""
    beside = {"args": argparse.Namespace(path=tmp_path, rate=0.1), "loss": np.float32(1), "history": np.arange(3)}
    torch.save({"state_dict": WEIGHTS} | beside, tmp_path / "run.pt")
    with refused("--trust argparse.Namespace") as caught:
        checkpoints.read(tmp_path / "run.pt")
    words = shlex.split(str(caught.value).partition("`")[2].rpartition("`")[0])
    names = [name for flag, name in zip(words, words[1:]) if flag == "--trust"]
    checkpoints.convert(words[2], words[3], trust=names)
    assert set(names) <= checkpoints.HARMLESS and same(load_file(tmp_path / "run.safetensors"))


def test_a_checkpoint_that_times_a_program_is_refused_without_a_command_to_copy(tmp_path):
    """timeit.timeit runs any program, and is in a module that nobody would put on a list of dangerous ones."""
    marker = tmp_path / "ran"

    class Timed:
        def __reduce__(self):
            return timeit.timeit, (f"open({str(marker)!r}, 'w')", "pass", timeit.default_timer, 1)

    torch.save({"a": torch.zeros(2), "x": Timed()}, tmp_path / "timed.pt")
    with refused("timeit.timeit.*could run any program; save its tensors") as caught:
        checkpoints.read(tmp_path / "timed.pt")
    assert "--trust" not in str(caught.value) and "convert" not in str(caught.value)
    names = ["timeit.timeit", "timeit.default_timer", "time.perf_counter"]
    with refused("'timeit.timeit' is not to be trusted"):
        checkpoints.convert(tmp_path / "timed.pt", tmp_path / "t.safetensors", trust=names)
    assert not marker.exists()


def test_nothing_that_a_checkpoint_names_can_be_pasted_into_a_shell(tmp_path):
    torch.save({"a": torch.zeros(2), "x": Evil("x")}, tmp_path / "evil.pt", pickle_protocol=2)
    path = tmp_path / "my $(touch x); `evil`.pt"
    with zipfile.ZipFile(tmp_path / "evil.pt") as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b"cposix\n", b"c`touch x`;$(touch x)\x1b[31m|\n"))
    with refused(r"\?touch\?x\?\?\?\?touch\?x\?\?\?31m\?.system") as caught:
        checkpoints.read(path)
    said = str(caught.value).removeprefix(str(path))
    assert not set(said) & set("`$|\x1b") and "--trust" not in said


def test_the_command_is_safe_for_a_file_of_any_name(tmp_path):
    path = tmp_path / "my $(touch x); 'best'.pt"
    torch.save({"best": np.float64(0.5), "state_dict": WEIGHTS}, path)
    with refused("holds more than tensors") as caught:
        checkpoints.read(path)
    words = shlex.split(str(caught.value).partition("`")[2].rpartition("`")[0])
    assert words[:3] == ["ghostnotes", "convert", str(path)] and words[4:] == ["--trust", NUMPY[0], "--trust", NUMPY[1]]


def test_a_target_is_never_overwritten(numpy_checkpoint, tmp_path):
    target = tmp_path / "t.safetensors"
    target.write_text("mine")
    with refused("t.safetensors: is there already"):
        checkpoints.convert(numpy_checkpoint, target, trust=NUMPY)
    assert target.read_text() == "mine"
    with refused("t.bin: should be called something.safetensors"):
        checkpoints.convert(numpy_checkpoint, tmp_path / "t.bin", trust=NUMPY)
    with refused("nowhere.pt: no such file"):
        checkpoints.convert(tmp_path / "nowhere.pt", tmp_path / "other.safetensors")


def test_tensors_that_share_memory_are_all_kept(tmp_path):
    shared = torch.arange(4.0)
    torch.save({"a": shared, "b": shared, "c": shared[1:]}, tmp_path / "tied.pt")
    checkpoints.convert(tmp_path / "tied.pt", tmp_path / "tied.safetensors")
    assert same(load_file(tmp_path / "tied.safetensors"), {"a": shared, "b": shared, "c": shared[1:]})


@pytest.mark.filterwarnings("ignore:.*TorchScript")
def test_what_is_saved_by_torch_jit_is_refused_and_not_run(tmp_path):
    """An archive with code in it."""
    torch.save(WEIGHTS, tmp_path / "jit.pt")
    with zipfile.ZipFile(tmp_path / "jit.pt", "a") as archive:
        archive.writestr("jit/constants.pkl", pickle.dumps(()))
    with refused("jit.pt: "):
        checkpoints.read(tmp_path / "jit.pt")


@settings(max_examples=40)
@given(st.dictionaries(st.text(min_size=1), st.lists(st.floats(width=32, allow_nan=False), max_size=5), min_size=1))
def test_a_fingerprint_knows_names_and_values_and_no_order(values):
    tensors = {name: torch.tensor(numbers) for name, numbers in values.items()}
    found = checkpoints.fingerprint(tensors)
    assert checkpoints.fingerprint(dict(reversed(tensors.items()))) == found and len(found) == 12
    first = next(iter(tensors))
    for other in (tensors[first][None], tensors[first].double(), torch.cat([tensors[first], torch.ones(1)])):
        assert checkpoints.fingerprint(tensors | {first: other}) != found
    renamed = {f"{name}'" if name == first else name: tensor for name, tensor in tensors.items()}
    assert f"{first}'" in tensors or checkpoints.fingerprint(renamed) != found


def test_a_fingerprint_knows_every_kind_of_number():
    for dtype in (torch.bfloat16, torch.float16, torch.int64, torch.bool):
        one, other = (checkpoints.fingerprint({"a": torch.tensor(value).to(dtype)}) for value in (0, 1))
        assert one != other


def test_offline_ends_as_it_began(monkeypatch):
    from huggingface_hub import constants

    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    with pytest.raises(KeyError), checkpoints.offline():
        assert constants.is_offline_mode() and os.environ["HF_HUB_OFFLINE"] == "1"
        raise KeyError
    assert not constants.is_offline_mode() and "HF_HUB_OFFLINE" not in os.environ
