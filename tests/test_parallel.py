"""Stages side by side, in small DVC projects of the test's own."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from ghostnotes import parallel, stage

# writes a file of its own, then waits for another stage to have written its own
MEET = "touch {own}.here; for i in $(seq 300); do test -e {other}.here && exit 0; sleep 0.1; done; exit 1"


def project(folder, stages):
    """A folder in which DVC runs these stages: what `dvc init` and two settings come to, without their second."""
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}))
    (folder / ".dvc").mkdir()
    (folder / ".dvc/config").write_text("[core]\n    analytics = false\n    check_update = false\n    no_scm = true\n")
    return folder


def test_it_needs_no_activated_environment(tmp_path):
    command = "python -c 'import ghostnotes' && echo 1 > first.txt"
    folder = project(tmp_path, {"first": {"cmd": command, "outs": ["first.txt"]}})
    done = subprocess.run([sys.executable, "-m", "ghostnotes.parallel"], cwd=folder, capture_output=True, text=True,
                          env=os.environ | {"PATH": "/usr/bin:/bin"})  # fmt: skip
    assert done.returncode == 0 and (folder / "first.txt").exists(), done.stderr


def environment():
    return os.environ | {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}


def run(folder, *arguments):
    return subprocess.run([sys.executable, "-m", "ghostnotes.parallel", *arguments], cwd=folder, env=environment(),
                          capture_output=True, text=True)  # fmt: skip


def making(command, *deps, out):
    return {"cmd": command, "deps": list(deps), "outs": [out]}


DIAMOND = {
    "first": {"cmd": "echo 1 > first.txt", "outs": ["first.txt"]},
    "left": making(f"cp first.txt left.txt; {MEET.format(own='left', other='right')}", "first.txt", out="left.txt"),
    "right": making(f"cp first.txt right.txt; {MEET.format(own='right', other='left')}", "first.txt", out="right.txt"),
    "last": making("cat left.txt right.txt > last.txt", "left.txt", "right.txt", out="last.txt"),
}


def test_two_stages_run_side_by_side_and_dvc_knows(tmp_path):
    folder = project(tmp_path, DIAMOND)
    done = run(folder)
    assert done.returncode == 0, done.stderr
    assert (folder / "last.txt").read_text() == "1\n1\n"
    status = subprocess.run(["dvc", "status"], cwd=folder, env=environment(), capture_output=True, text=True)
    assert "up to date" in status.stdout, "a plain `dvc repro` has nothing left to do"
    assert run(folder).stdout == "Everything is up to date.\n"


def test_the_lock_file_is_the_one_that_dvc_writes(tmp_path):
    """Where a stage changed and where one is new, with names, commands and parameters of many forms."""
    ours, plain = tmp_path / "ours", tmp_path / "plain"
    ours.mkdir()
    long = f"echo '{{word}}: #1' and so on, further than a line of YAML is wide: {'more ' * 20}> first.txt"
    stages = {
        "first": {"cmd": long.format(word="once"), "outs": ["first.txt"], "params": ["small", "words"]},
        "many": {"matrix": {"of": [0.5]}} | making("cp first.txt ${item.of}.txt", "first.txt", out="${item.of}.txt"),
    }
    project(ours, stages)
    (ours / "params.yaml").write_text("small: 1.0e-5\nwords: [true, 'on', '1.0', null, 'yes', 12345678901234567]\n")
    assert run(ours, "--jobs", "1").returncode == 0
    stages["first"]["cmd"] = long.format(word="twice")
    stages["new"] = {"cmd": ["echo 1 > new.txt", "echo 'ä' >> new.txt"], "outs": ["new.txt"]}
    (ours / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}))
    shutil.copytree(ours, plain)
    done = run(ours, "--jobs", "1")
    assert done.returncode == 0, done.stderr
    subprocess.run(["dvc", "repro"], cwd=plain, env=environment(), check=True, capture_output=True)
    assert (plain / "dvc.lock").read_bytes() == (ours / "dvc.lock").read_bytes()
    assert len(stage.PART.findall((ours / "dvc.lock").read_text())) == 3


OWN = "schema: '2.0'\nstages:\n  a:\n    cmd: x\n  b@1:\n    cmd: |\n      y\n\n      z\n"


def test_the_lines_of_other_stages_are_not_even_read(tmp_path, monkeypatch):
    monkeypatch.setattr(stage, "modify_yaml", None)
    lock = tmp_path / "dvc.lock"
    lock.write_text(OWN)
    with stage.modify_part("b@1", str(lock)) as content:
        assert content == {"schema": "2.0", "stages": {"b@1": {"cmd": "y\n\nz\n"}}}
        content["stages"]["b@1"] = {"cmd": "w"}
    assert lock.read_text() == OWN.replace("|\n      y\n\n      z", "w")


class Lock:
    """What DVC hands over of a lock file."""

    def __init__(self, path):
        self.path = str(path)

    def validate(self, content, path):
        return content


def test_of_the_lock_file_one_stage_alone_is_read(tmp_path):
    (tmp_path / "dvc.lock").write_text(OWN)
    content, text = stage.read_part("b@1", None)(Lock(tmp_path / "dvc.lock"))
    assert content == {"schema": "2.0", "stages": {"b@1": {"cmd": "y\n\nz\n"}}} and "cmd: x" not in text


OTHERS = ["", OWN[:20], OWN + "# mine\n", OWN.replace("  a:", "  'a':"), OWN + "  a:\n    cmd: x\n"]


@pytest.mark.parametrize("text", OTHERS)
def test_a_lock_file_of_another_form_is_left_to_dvc(tmp_path, monkeypatch, text):
    monkeypatch.setattr(stage, "modify_yaml", lambda path: contextlib.nullcontext("DVC's"))
    lock = tmp_path / "dvc.lock"
    lock.write_text(text)
    with stage.modify_part("a", str(lock)) as content:
        assert content == "DVC's"
    assert lock.read_text() == text
    assert stage.read_part("a", lambda lock: "DVC's")(Lock(lock)) == "DVC's"


def test_after_a_failure_nothing_more_is_started(tmp_path):
    # what was said before a progress bar that is painted over again and again is not lost
    breaks = "echo it broke here; for i in $(seq 200); do printf '%d\\r' $i; done; exit 3"
    stages = {
        "bad": {"cmd": breaks, "outs": ["bad.txt"]},
        "good": {"cmd": "sleep 1; echo 1 > good.txt", "outs": ["good.txt"]},
        "after": making("cp good.txt after.txt", "good.txt", out="after.txt"),
        "never": making("cp bad.txt never.txt", "bad.txt", out="never.txt"),
    }
    folder = project(tmp_path, stages)
    done = run(folder)
    assert done.returncode == 1 and "it broke here" in done.stderr
    assert "ghostnotes: stopped, because bad failed" in done.stderr
    assert (folder / "good.txt").exists(), "what runs may end"
    assert not (folder / "after.txt").exists() and not (folder / "never.txt").exists()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_stages_in_one_line(tmp_path, how):
    """Said to the runner alone, it reaches all that the runner started: nothing goes on behind the user's back."""
    stages = {name: {"cmd": f"touch {name}.here; sleep 20; touch {name}.txt", "outs": [f"{name}.txt"]} for name in "ab"}
    folder = project(tmp_path, stages)
    victim = subprocess.Popen([sys.executable, "-m", "ghostnotes.parallel"], cwd=folder, env=environment(), text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              # a background job of a script has it ignored, and hands that on
                              preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))  # fmt: skip
    for _ in range(300):
        time.sleep(0.1)
        if len(list(folder.glob("*.here"))) == 2:
            break
    victim.send_signal(how)
    _, said = victim.communicate(timeout=19)
    for _ in range(50):  # far less than the stages' own twenty seconds
        time.sleep(0.1)
        left = subprocess.run(["pgrep", "-f", "sleep 20; touch [ab].txt"], capture_output=True, text=True).stdout
        if not left:
            break
    assert not left, "a stage goes on without its runner"
    assert victim.returncode == 130 and "ghostnotes: interrupted" in said and "Traceback" not in said
    assert not list(folder.glob("*.txt"))


def test_no_project_and_a_broken_one_are_one_line(tmp_path):
    done = run(tmp_path)
    assert done.returncode == 1 and done.stderr.startswith("ghostnotes: ") and done.stderr.count("\n") == 1
    folder = project(tmp_path, {"first": {"cmd": "echo", "wrong": 1}})
    done = run(folder)
    assert done.returncode == 1 and "dvc.yaml' validation failed" in done.stderr and done.stderr.count("\n") == 1


def test_a_setting_that_dvc_cannot_read_is_one_line(tmp_path):
    folder = project(tmp_path, {"first": {"cmd": "echo ${day}", "outs": ["first.txt"]}})
    (folder / "params.yaml").write_text("day: 2026-01-01\n")
    done = run(folder)
    assert done.returncode == 1 and "params.yaml:day" in done.stderr and done.stderr.count("\n") == 1


def test_only_what_changed_and_what_depends_on_it_is_stale(tmp_path, monkeypatch):
    plain = {name: one | {"cmd": one["cmd"].split(";")[0]} for name, one in DIAMOND.items()}
    folder = project(tmp_path, plain)
    monkeypatch.chdir(folder)
    assert parallel.stale_stages() == {
        "first": set(), "left": {"first"}, "right": {"first"}, "last": {"first", "left", "right"},
    }  # fmt: skip
    assert run(folder).returncode == 0
    assert parallel.stale_stages() == {}
    changed = plain | {"left": plain["left"] | {"cmd": "echo 2 > left.txt"}}
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": changed}))
    assert parallel.stale_stages() == {"left": set(), "last": {"left"}}


def test_the_longest_chain_goes_first(tmp_path):
    waits = {"alone": set(), "start": set(), "middle": {"start"}, "end": {"start", "middle"}, "side": {"start"}}
    assert parallel.depths(waits) == {"start": 2, "middle": 1, "end": 0, "side": 0, "alone": 0}
    log = tmp_path / "log"
    command = [sys.executable, "-c", f"import sys; open({str(log)!r}, 'a').write(sys.argv[1] + ' ')"]
    assert parallel.run(waits, 1, command) == []
    assert log.read_text().split() == ["start", "middle", "alone", "end", "side"]


@pytest.mark.parametrize("jobs", [1, 3])
def test_every_stage_runs_once_after_what_it_waits_for(tmp_path, jobs):
    waits = {"a": set(), "b": {"a"}, "c": {"a"}, "d": {"a", "b", "c"}, "e": set()}
    log = tmp_path / "log"
    command = [sys.executable, "-c", f"import sys; open({str(log)!r}, 'a').write(sys.argv[1])"]
    assert parallel.run(waits, jobs, command) == []
    order = log.read_text()
    assert sorted(order) == sorted(waits)
    assert all(order.index(needed) < order.index(name) for name in waits for needed in waits[name])
