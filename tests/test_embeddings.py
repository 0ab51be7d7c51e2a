"""The store and the files under it: what is damaged, incomplete or senseless does not load."""

import numpy as np
import pytest
import torch

from ghostnotes.denoisers import ResNetPrior
from ghostnotes.embeddings import Embeddings, TokenStates
from ghostnotes.files import atomically, load_weights, save_tensors, write_json


def vectors(n=4, d=6):
    return torch.nn.functional.normalize(torch.randn(n, d, generator=torch.Generator().manual_seed(0)), dim=-1)


@pytest.fixture
def store(tmp_path):
    path = tmp_path / "tracks.safetensors"
    windows = torch.randn(4, 3, 6, generator=torch.Generator().manual_seed(1))
    Embeddings("abcd", vectors(), "model-1", windows).save(path)
    return path


def test_a_store_comes_back_as_it_was(store):
    loaded = Embeddings.load(store)
    assert loaded.ids == tuple("abcd") and loaded.encoder == "model-1" and loaded.windows.shape == (4, 3, 6)
    assert torch.equal(loaded.at(["c", "a"]), vectors()[[2, 0]])


def test_some_of_a_store_keep_their_windows_and_the_asked_order(store):
    loaded = Embeddings.load(store)
    some = loaded.only(["d", "b"])
    assert some.ids == ("d", "b") and some.encoder == "model-1"
    assert torch.equal(some.vectors, loaded.vectors[[3, 1]]) and torch.equal(some.windows, loaded.windows[[3, 1]])
    with pytest.raises(ValueError, match="no vector for 'z'"):
        loaded.only(["a", "z"])


def test_the_same_store_is_the_same_bytes(store, tmp_path):
    Embeddings.load(store).save(tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == store.read_bytes()


def spoil(rows, value):
    x = vectors()
    x[rows] = value
    return x


@pytest.mark.parametrize(
    ("ids", "x", "what"),
    [
        ("abcd", spoil(2, float("nan")), r"row 2 \('c'\) is not finite"),
        ("abcd", spoil(1, 0.0), r"row 1 \('b'\) is not of unit norm"),
        ("abca", vectors(), "'a' stands twice"),
        ("abc", vectors(), "3 ids for vectors"),
    ],
)
def test_senseless_rows_are_refused_by_name(ids, x, what):
    with pytest.raises(ValueError, match=what) as error:
        Embeddings(ids, x, "m")
    assert "\n" not in str(error.value)


def test_a_nan_row_in_a_file_is_refused(tmp_path):
    path = tmp_path / "x.safetensors"
    save_tensors(path, {"vectors": spoil(2, float("nan"))}, {"ids": list("abcd"), "encoder": "m"})
    with pytest.raises(ValueError, match=r"x\.safetensors: embeddings: row 2"):
        Embeddings.load(path)


def test_truncated_flipped_and_missing_stores_are_refused(store):
    whole = store.read_bytes()
    for broken in (whole[:-10], whole[:200] + bytes([whole[200] ^ 1]) + whole[201:]):
        store.write_bytes(broken)
        with pytest.raises(ValueError, match="damaged or truncated"):
            Embeddings.load(store)
    store.unlink()
    with pytest.raises(ValueError, match="not there"):
        Embeddings.load(store)


def test_an_id_that_is_not_stored_is_named(store):
    with pytest.raises(ValueError, match="no vector for 'z'"):
        Embeddings.load(store).at(["a", "z"])


def test_token_states_are_padded_and_masked(tmp_path):
    states = TokenStates(("x", "y"), torch.arange(10.0).reshape(5, 2).half(), torch.tensor([2, 3]), "m")
    states.save(tmp_path / "s.safetensors")
    padded, mask = TokenStates.load(tmp_path / "s.safetensors").padded([1, 0])
    assert padded.tolist() == [[[4, 5], [6, 7], [8, 9]], [[0, 1], [2, 3], [0, 0]]]
    assert mask.tolist() == [[True] * 3, [True, True, False]]


def test_an_interrupted_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "x.json"
    write_json(path, {"a": 1.0})

    def fail(temporary):
        open(temporary, "w").write("half")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        atomically(path, fail)
    assert path.read_text() == '{\n  "a": 1.0\n}\n' and [p.name for p in tmp_path.iterdir()] == ["x.json"]


def test_metrics_are_rounded_to_six_figures(tmp_path):
    write_json(tmp_path / "x.json", {"a": 0.123456789, "b": [np.float64(1234.56789)], "n": 3})
    assert (tmp_path / "x.json").read_text() == '{\n  "a": 0.123457,\n  "b": [\n    1234.57\n  ],\n  "n": 3\n}\n'


def test_weights_of_another_shape_are_refused(tmp_path):
    path = tmp_path / "w.safetensors"
    save_tensors(path, ResNetPrior(4, 2, 8, 1).state_dict(), {})
    for build in (lambda metadata: ResNetPrior(4, 2, 16, 1), lambda metadata: ResNetPrior(metadata["dim"], 2, 8, 1)):
        with pytest.raises(ValueError, match=r"w\.safetensors: not weights of the expected kind"):
            load_weights(path, build)
