"""JupyterLab as `make lab` starts it: it answers for news and updates without asking anyone."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parents[1]
FLAGS = re.search(r"^QUIET_LAB := (.+)$", (ROOT / "Makefile").read_text(), re.M).group(1).split()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def fetch(url):
    deadline = time.monotonic() + 60
    while True:
        try:
            return urllib.request.urlopen(url, timeout=10).read().decode()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.3)


def test_the_lab_asks_no_network(tmp_path):
    log, port = tmp_path / "network.log", free_port()
    guarded = os.environ | {"PYTHONPATH": str(ROOT / "tests" / "offline"), "GHOSTNOTES_NETWORK_LOG": str(log)}
    command = [sys.executable, "-m", "jupyter", "lab", "notebooks/lessons", *FLAGS, "--no-browser", "--allow-root",
               f"--port={port}", "--IdentityProvider.token=t"]  # fmt: skip
    server = subprocess.Popen(command, env=guarded, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        assert fetch(f"http://127.0.0.1:{port}/lab/api/news?token=t") == '{"news": []}'
        assert fetch(f"http://127.0.0.1:{port}/lab/api/update?token=t") == '{"notification": null}'
    finally:
        server.terminate()
        server.wait(20)
    assert not log.exists(), log.read_text()
