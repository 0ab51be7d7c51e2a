"""The command line, run as a person runs it: what it prints, what it exits with, what it does not load."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import tiny_build
import torch
from scratch import environment

SRC = Path(__file__).parents[1] / "src"
HEAVY = {"transformers", "open_clip", "laion_clap", "librosa", "matplotlib", "dvc", "papermill", "sklearn", "numba"}
HEAVY |= {"IPython", "soundfile", "audioread", "mutagen"}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A working folder with build/, music/ and pictures; an index of the music in ghostnotes-index/music."""
    root = tmp_path_factory.mktemp("place")
    tiny_build.make(root)
    for number in range(4):
        tiny_build.tune(root / "music" / f"{number}.wav", number)
    (root / "music" / "broken.wav").write_text("no sound")
    (root / "captions.csv").write_text("file,caption\n0.wav,\x1b[31mred\x1b[0m alert\n")
    done = ghostnotes(root, "index", "music", "--captions", "captions.csv")
    assert done.returncode == 0, done.stderr
    (root / "indexed.txt").write_text(done.stdout)
    return root


def ghostnotes(folder, *arguments, code="from ghostnotes.cli import main; main()"):
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, cwd=folder, env=environment(folder / "network.log", SRC), text=True,
                          capture_output=True)  # fmt: skip


def called(folder, *arguments, monkeypatch, capsys):
    """The same without a new process, which has to import torch: (exit status, stdout, stderr)."""
    from ghostnotes import cli

    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["ghostnotes", *map(str, arguments)])
    with pytest.raises(SystemExit) as left:
        cli.main()
    out, err = capsys.readouterr()
    return left.value.code, out, err


@pytest.fixture
def call(place, monkeypatch, capsys):
    return lambda *arguments, folder=place: called(folder, *arguments, monkeypatch=monkeypatch, capsys=capsys)


def test_index_says_what_it_holds_what_it_set_aside_and_what_the_encoder_learnt(place):
    said = (place / "indexed.txt").read_text()
    assert "4 tracks in ghostnotes-index/music, heard by muscall-mini" in said and "General MIDI" in said
    assert "1 set aside (1 unreadable)" in said and "broken.wav" in said
    assert sorted(path.name for path in (place / "music").iterdir()) == [*(f"{n}.wav" for n in range(4)), "broken.wav"]


def test_search_prints_a_table_under_a_line_that_says_who_answered(call):
    status, out, err = call("search", "calm piano", "--unlike", "drums", "--seeds", 2, "-k", 3)
    lines = out.splitlines()
    assert status == 0 and len(lines) == 5
    assert lines[0].startswith("ghost-muscall imagined 2 tracks") and "General MIDI" in lines[0]
    assert lines[1].split()[:3] == ["rank", "path", "score"] and lines[2].startswith("1 ")
    assert "title" not in lines[1]  # a column without a single value


def test_nothing_in_a_caption_is_obeyed_by_a_terminal(call):
    _, out, _ = call("search", "calm piano", "--seeds", 2)
    assert "red" in out and "\x1b" not in out


def test_nothing_in_an_error_is_obeyed_by_a_terminal(call):
    status, _, err = call("search", "--like", "\x1b[2J\x07.wav")
    assert status == 1 and "[2J" in err and "\x1b" not in err and "\x07" not in err


def test_a_console_that_knows_no_omega_is_answered(place):
    for more in ([], ["--json"]):
        command = [sys.executable, "-m", "ghostnotes", "search", "calm piano", "--seeds", "2", *more]
        surroundings = environment(place / "network.log", SRC) | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
        done = subprocess.run(command, cwd=place, env=surroundings, capture_output=True)
        assert done.returncode == 0 and b"03c9" in done.stdout and b"Traceback" not in done.stderr


def test_a_reader_that_leaves_is_no_error(place):
    command = [sys.executable, "-m", "ghostnotes", "search", "--like", "0.wav"]
    child = subprocess.Popen(command, cwd=place, env=environment(place / "network.log", SRC), stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)  # fmt: skip
    child.stdout.close()
    said = child.stderr.read()
    assert child.wait() == 141 and said == b""


def test_json_is_one_object_and_nothing_else(call, place):
    from PIL import Image

    Image.new("RGB", (70, 70), "red").save(place / "picture.png")
    status, out, _ = call("search", "calm piano", "--image", "picture.png", "--guidance", 9, "--seeds", 3, "--json")
    found = json.loads(out)
    assert status == 0 and out.count("\n") == 1
    assert "ω = 9" in found["how"] and [row["rank"] for row in found["results"]] == [1, 2, 3, 4]
    assert all((Path(found["root"]) / row["path"]).exists() for row in found["results"])


def test_like_but_finds_other_tracks_than_itself(call):
    status, out, _ = call("search", "--like", "music/2.wav", "--but", "without drums", "--depth", 25, "--json")
    found = json.loads(out)
    assert status == 0 and "depth 25 of 50" in found["how"]
    assert sorted(row["id"] for row in found["results"]) == ["0.wav", "1.wav", "3.wav"]


@pytest.mark.parametrize(("arguments", "why"), [
    (["search"], "give a text"),
    (["search", "x", "--like", "y"], "--like alone"),
    (["search", "x", "--but", "y"], "--but"),
    (["search", "--like", "x", "--how", "max"], "--how"),
    (["search", "x", "--seeds", "0"], "--seeds"),
    (["search", "--like", "0.wav", "--seeds", "50"], "--seeds"),
    (["search", "--like", "0.wav", "--seed", "0"], "--seed"),
    (["search", "--like", "0.wav", "--depth", "9"], "--depth"),
    (["search", "--like", "0.wav", "--guidance", "2"], "--guidance"),
    (["index"], "FOLDER"),
    (["index", "music", "--option", "split"], "NAME=VALUE"),
    (["sing"], "sing"),
])  # fmt: skip
def test_a_command_that_is_not_written_as_it_must_be_exits_with_2(call, arguments, why):
    status, out, err = call(*arguments)
    assert status == 2 and not out and why.lower() in err.lower()


@pytest.mark.parametrize(("arguments", "why"), [
    (["search", "?"], "no word"),
    (["search", "x", "--index", "nowhere"], "nowhere: no index there"),
    (["search", "x", "--models", "nowhere"], "make repro"),
    (["search", "calm", "--how", "best"], "how must be"),
    (["search", "calm", "--image", "nowhere.png"], "nowhere.png"),
    (["search", "--like", "nowhere.mp3"], "neither a file nor a track"),
    (["index", "nowhere"], "no such folder"),
    (["index", "music", "--to", "music/index"], "outside"),
    (["index", "music", "--encoder", "mule"], "known: muscall-mini"),
    (["index", "music", "--encoder", "muscall-mini", "--models", "nowhere"], "make repro"),
    (["index", "music", "--kind", "records"], "unknown kind"),
    (["index", "music", "--option", "split=eval"], "split"),
    *((["index", "music", "--option", f"{name}=x"], f"no option '{name}'")
      for name in ("kind", "path", "progress", "to", "music", "encoders", "options", "cls")),
    (["search", "zzqqxx"], "muscall-mini knows no word of 'zzqqxx'"),
    (["convert", "nowhere.pt", "there.safetensors"], "nowhere.pt"),
])  # fmt: skip
def test_an_error_is_one_line_and_exits_with_1(call, arguments, why):
    status, out, err = call(*arguments)
    last = err.splitlines()[-1]
    assert status == 1 and last.startswith("ghostnotes: ") and why in last
    assert "Traceback" not in err and not out


def test_without_a_name_the_only_index_is_searched_and_of_several_none(call, place, tmp_path):
    status, _, err = call("search", "x", folder=tmp_path)
    assert status == 1 and "no index in ghostnotes-index" in err and "ghostnotes index FOLDER" in err
    for name in ("one", "two"):
        (tmp_path / "ghostnotes-index" / name).mkdir(parents=True)
        (tmp_path / "ghostnotes-index" / name / "index.json").touch()
    status, _, err = call("search", "x", folder=tmp_path)
    assert status == 1 and "ghostnotes-index/one, ghostnotes-index/two" in err


def test_a_run_that_is_stopped_by_hand_says_that_it_goes_on(call, monkeypatch):
    from ghostnotes import retriever

    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(retriever, "index", stop)
    status, _, err = call("index", "music", "--to", "elsewhere")
    assert status == 1 and err.splitlines()[-1] == "ghostnotes: stopped; run it again, it goes on"


@pytest.mark.parametrize("kind", [MemoryError, torch.OutOfMemoryError, RuntimeError])
def test_want_of_memory_is_one_line_with_what_to_do(call, monkeypatch, kind):
    from ghostnotes import asking

    def full(*_, **__):
        raise kind("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")

    monkeypatch.setattr(asking, "by_text", full)
    status, out, err = call("search", "calm piano")
    assert status == 1 and not out and err.count("\n") == 1 and "Traceback" not in err
    assert err.startswith("ghostnotes: out of memory") and "--seeds" in err and "--device cpu" in err


def test_any_other_error_of_torch_is_not_taken_for_want_of_memory(call, monkeypatch):
    from ghostnotes import asking

    def broken(*_, **__):
        raise RuntimeError("shapes do not fit")

    monkeypatch.setattr(asking, "by_text", broken)
    with pytest.raises(RuntimeError, match="do not fit"):
        call("search", "calm piano")


def test_doctor_says_what_is_there_and_what_is_to_be_done(call, place, tmp_path):
    status, out, _ = call("doctor", "--json")
    found = json.loads(out)
    states = {part: {row["name"]: row["state"] for row in rows} for part, rows in found["parts"].items()}
    assert status == 0 and found["works"] and found["to do"] == []
    assert states["encoders"]["muscall-mini"] == states["music files"]["flac"] == "found"
    assert {"ghost-muscall", "prior"} <= set(states["models in build"])
    assert states["indexes"]["ghostnotes-index/music"] == "found"
    status, out, _ = call("doctor", folder=tmp_path)
    assert status == 0 and "make repro" in out and "`ghostnotes index FOLDER`" in out


def test_doctor_fails_where_something_essential_is_missing_and_needs_it_not_itself(call, monkeypatch):
    from ghostnotes import doctor

    monkeypatch.setattr(doctor, "PACKAGES", (("torch", "no_such_torch", "networks", True), *doctor.PACKAGES[1:]))
    status, out, err = call("doctor")
    assert status == 1 and "pip install torch" in out and "essential" in err


def test_a_package_installed_under_another_name_is_found_all_the_same(call, monkeypatch):
    from ghostnotes import doctor

    monkeypatch.setattr(doctor, "PACKAGES", (("no-such-build-of-json", "json", "tables", True),))
    status, out, _ = call("doctor", "--json")
    row = {"name": "no-such-build-of-json", "state": "found", "note": "for tables"}
    assert status == 0 and json.loads(out)["parts"]["packages"] == [row]


def test_convert_writes_safetensors_and_says_what_it_trusted(call, tmp_path):
    torch.save({"weight": torch.ones(2)}, tmp_path / "old.pt")
    status, out, _ = call("convert", "old.pt", "new.safetensors", folder=tmp_path)
    assert status == 0 and "trusted" in out and (tmp_path / "new.safetensors").exists()


def test_help_waits_for_no_torch_and_a_search_only_for_what_it_needs(place):
    code = """from ghostnotes.cli import main
try:
    main()
finally:
    import json, sys
    json.dump(sorted(sys.modules), open("modules.json", "w"))"""
    for arguments, absent in ((["--help"], HEAVY | {"torch", "pandas", "numpy"}),
                              (["search", "calm piano", "--unlike", "drums", "--seeds", "2"], HEAVY),
                              (["search", "--like", "0.wav", "--but", "loud"], HEAVY)):  # fmt: skip
        done = ghostnotes(place, *arguments, code=code)
        assert done.returncode == 0, done.stderr
        loaded = set(json.loads((place / "modules.json").read_text()))
        assert "ghostnotes.cli" in loaded and not absent & loaded


def test_the_module_runs_as_the_script_does():
    import tomllib

    scripts = tomllib.loads((SRC.parent / "pyproject.toml").read_text())["project"]["scripts"]
    assert scripts == {"ghostnotes": "ghostnotes.cli:main"}
    done = subprocess.run([sys.executable, "-m", "ghostnotes", "--help"], env=environment("log", SRC), text=True,
                          capture_output=True)  # fmt: skip
    assert done.returncode == 0 and "search" in done.stdout
