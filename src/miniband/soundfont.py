"""The General MIDI sound font: found in the installed `pretty_midi`, checked, and loaded once a process.

TimGM6mb is under the GPL-2 and is never part of this project's files.
"""

from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

import tinysoundfont

SHA256 = "82475b91a76de15cb28a104707d3247ba932e228bada3f47bba63c6b31aaf7a1"
ADVICE = "install the pinned pretty_midi again (pip install --force-reinstall --no-deps pretty_midi==0.2.11.post0)"


class SoundFontError(RuntimeError):
    """The sound font is missing or is not the one that the corpus was made with."""


def sound_font_path() -> Path:
    """Where pretty_midi keeps TimGM6mb.sf2; the package itself is not imported."""
    spec = find_spec("pretty_midi")
    if spec is None or not spec.submodule_search_locations:
        raise SoundFontError(f"the package pretty_midi, which carries TimGM6mb.sf2, is not installed: {ADVICE}")
    return Path(spec.submodule_search_locations[0]) / "TimGM6mb.sf2"


def checked_bytes(path: Path) -> bytes:
    """The sound font's bytes; SoundFontError where the file is missing or has another sha256."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SoundFontError(f"sound font {path} cannot be read ({error.strerror}): {ADVICE}") from None
    found = sha256(content).hexdigest()
    if found != SHA256:
        raise SoundFontError(f"sound font {path} has sha256 {found[:12]}..., expected {SHA256[:12]}...: {ADVICE}")
    return content


@cache
def synthesizer(rate: int) -> tuple[tinysoundfont.Synth, int]:
    """The process's synthesizer at that sampling rate, and its sound font's number."""
    # 12 dB of headroom inside the synth; the renderer sets the loudness afterwards
    synth = tinysoundfont.Synth(gain=-12.0, samplerate=rate)
    return synth, synth.sfload(checked_bytes(sound_font_path()))
