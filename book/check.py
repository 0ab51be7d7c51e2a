"""Open every page of build/book in Chromium, without a network, and say what a reader would find broken.

    python book/check.py                      # every page at two widths
    python book/check.py --pictures FOLDER    # and a screenshot of each

It asks a headless browser over its own debugging protocol. A page is broken where an error reaches the console, where
anything is asked of a network, where a picture or a player does not load, where an equation is not drawn, or where the
page itself scrolls sideways. Exit status 0: nothing broken; 1: something is; 3: no Chromium here, nothing was checked.
"""

import argparse
import base64
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from websocket import create_connection

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
WIDTHS = (1280, 390)
QUIET = [
    "--headless=new",
    "--remote-debugging-port=0",
    "--remote-allow-origins=*",
    "--no-first-run",
    "--no-sandbox",  # it opens nothing but the book's own files
    "--mute-audio",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
]
# A player counts once it knows how long its sound is, and has found something to play there.
LOOK = """(async () => {
  const wait = (thing, good, bad, start) => new Promise(done => {
    const late = setTimeout(() => done(false), 10000);
    const end = value => { clearTimeout(late); done(value); };
    thing.addEventListener(good, () => end(true), {once: true});
    thing.addEventListener(bad, () => end(false), {once: true});
    if (start) start();
  });
  const wrong = [];
  for (const image of document.images) {
    image.loading = "eager";
    if (!image.complete) await wait(image, "load", "error");
    if (!image.naturalWidth) wrong.push("a picture does not load: " + image.src.slice(0, 80));
  }
  const players = [...document.querySelectorAll("audio")];
  for (const [place, player] of players.entries()) {
    const plays = player.readyState >= 2 || await wait(player, "canplay", "error", () => {
      player.preload = "auto"; player.load();
    });
    if (!plays || !(player.duration > 0)) wrong.push(`player ${place + 1} of ${players.length} has no sound`);
  }
  if (window.MathJax && MathJax.startup) await MathJax.startup.promise;
  const equations = [...document.querySelectorAll(".math.notranslate")];
  const drawn = one => {
    const box = one.querySelector("mjx-container svg")?.getBoundingClientRect();
    return box && box.width && box.height && !one.querySelector("[data-mjx-error], merror");
  };
  for (const one of equations.filter(one => !drawn(one))) {
    wrong.push("an equation is not drawn: " + one.textContent.slice(0, 80));
  }
  const room = document.documentElement.clientWidth, page = document.documentElement.scrollWidth;
  if (page > room) wrong.push(`the page is ${page} pixels wide where there are ${room}`);
  const text = document.querySelector("article")?.getBoundingClientRect();
  if (text && (text.left < 0 || text.right > room)) wrong.push("the text is cut at a side");
  if (location.search) {
    const hit = () => document.querySelector("ul.search li");
    for (let i = 0; i < 50 && !hit(); i++) await new Promise(go => setTimeout(go, 100));
    if (!hit()) wrong.push("the search finds nothing");
  }
  const menu = document.querySelector("#pst-primary-sidebar-modal");
  if (menu && room < 992) {  // there the contents are behind a button
    document.querySelector(".primary-toggle").click();
    if (!menu.open) wrong.push("the menu does not open"); else menu.close();
    await new Promise(go => setTimeout(go, 400));  // it slides
  }
  return {wrong, pictures: document.images.length, players: players.length, equations: equations.length,
          title: document.title, height: document.documentElement.scrollHeight};
})()"""


class Browser:
    """A headless browser: commands out, answers in, and what was reported between them. Every page gets a new tab."""

    def __init__(self, program: str, folder: str):
        command = [program, *QUIET, f"--user-data-dir={folder}", "about:blank"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        port, path = self._ready(Path(folder) / "DevToolsActivePort").split()
        self.socket = create_connection(f"ws://127.0.0.1:{port}{path}", timeout=120)
        self.count, self.reported, self.session, self.tab = 0, [], None, None

    def _ready(self, note: Path) -> str:
        for _ in range(300):
            if note.exists() and len(note.read_text().split()) == 2:
                return note.read_text()
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        self.process.kill()
        raise SystemExit("ghostnotes: the browser did not start")

    def ask(self, method: str, **values) -> dict:
        """Send one command and return its answer; events that come before it are kept."""
        self.count += 1
        message = {"id": self.count, "method": method, "params": values}
        self.socket.send(json.dumps(message | ({"sessionId": self.session} if self.session else {})))
        while True:
            answer = json.loads(self.socket.recv())
            if answer.get("id") == self.count:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self.reported.append(answer)

    def open(self, path: Path, width: int, asked: str = "") -> dict:
        """Load a page and look at it: what LOOK returns, with all that was reported meanwhile among `wrong`."""
        old, self.session = self.tab, None
        self.tab = self.ask("Target.createTarget", url="about:blank")["targetId"]
        if old:
            self.ask("Target.closeTarget", targetId=old)
        self.session = self.ask("Target.attachToTarget", targetId=self.tab, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")
        self.width = width
        self._size(900)
        self.reported = []
        self.ask("Page.navigate", url=path.resolve().as_uri() + asked)
        while not any(event.get("method") == "Page.loadEventFired" for event in self.reported):
            self.reported.append(json.loads(self.socket.recv()))
        found = self.ask("Runtime.evaluate", expression=LOOK, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in found:
            raise RuntimeError(found["exceptionDetails"]["exception"].get("description", "the page could not be read"))
        seen = found["result"]["value"]
        seen["wrong"] += list(dict.fromkeys(filter(None, map(_said, self.reported))))
        return seen

    def _size(self, height: int) -> None:
        screen = {"width": self.width, "height": height, "deviceScaleFactor": 1, "mobile": self.width < 600}
        self.ask("Emulation.setDeviceMetricsOverride", **screen)

    def picture(self, file: Path, height: int = 900) -> None:
        """Write the page as PNG, as a window of that height shows it."""
        self._size(height)
        file.write_bytes(base64.b64decode(self.ask("Page.captureScreenshot", format="png")["data"]))

    def close(self) -> None:
        self.socket.close()
        self.process.terminate()
        self.process.wait(30)


def _said(event: dict) -> str | None:
    """One line where a reported event is a fault."""
    method, values = event.get("method"), event.get("params", {})
    if method == "Network.requestWillBeSent":
        address = values["request"]["url"]
        return None if address.startswith(("file:", "data:", "blob:")) else f"asks a network for {address[:100]}"
    if method == "Network.loadingFailed" and not values.get("canceled"):
        return f"does not load: {values['errorText']}"
    if method == "Runtime.exceptionThrown":
        return f"a script fails: {values['exceptionDetails'].get('exception', {}).get('description', '')[:200]}"
    if method == "Runtime.consoleAPICalled" and values["type"] in ("error", "assert"):
        return f"console: {values['args'][0].get('value') or values['args'][0].get('description', '')}"[:200]
    if method == "Log.entryAdded" and values["entry"]["level"] == "error":
        return f"log: {values['entry']['text'][:150]} {values['entry'].get('url', '')[:100]}"
    return None


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Open every page of the book in Chromium, without a network.")
    parser.add_argument("book", nargs="?", type=Path, default=Path("build/book"))
    parser.add_argument("--pictures", type=Path, help="write a screenshot of every page into this folder")
    asked = parser.parse_args(arguments)
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        print(f"ghostnotes: none of {', '.join(BROWSERS)} is installed here, so no page was opened", file=sys.stderr)
        return 3
    pages = sorted(path for path in asked.book.rglob("*.html") if "_static" not in path.parts)
    if not pages:
        print(f"ghostnotes: {asked.book} has no pages; `make book` makes them", file=sys.stderr)
        return 1
    if asked.pictures:
        asked.pictures.mkdir(parents=True, exist_ok=True)
    broken = 0
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        browser = Browser(program, folder)
        try:
            for path in pages:
                for width in WIDTHS:
                    seen = browser.open(path, width, "?q=guidance" if path.name == "search.html" else "")
                    name = path.relative_to(asked.book)
                    counts = ", ".join(f"{seen[kind]} {kind}" for kind in ("pictures", "players", "equations"))
                    print(f"{name} at {width}: {counts}", *seen["wrong"], sep="\n    ", flush=True)
                    broken += bool(seen["wrong"])
                    if asked.pictures:
                        file = asked.pictures / f"{'-'.join(name.with_suffix('').parts)}-{width}.png"
                        browser.picture(file, min(seen["height"], 16000))
        finally:
            browser.close()
    print(f"{broken} of {2 * len(pages)} views are broken" if broken else f"{2 * len(pages)} views, nothing broken")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
