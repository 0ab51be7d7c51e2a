"""A composed track: notes, programs and sections, before any sound."""

from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

PARTS = ("lead", "chords", "bass", "pad", "counter", "drums")
CHANNELS = {"lead": 0, "chords": 1, "bass": 2, "pad": 3, "counter": 4, "drums": 9}  # 9 is MIDI's drum channel


class Note(NamedTuple):
    """One note: start and end in seconds, MIDI pitch and velocity, and the part that plays it."""

    start: float
    end: float
    pitch: int
    velocity: int
    part: str


class Section(NamedTuple):
    """One section of the piece, in seconds."""

    name: str
    start: float
    end: float


class Recording(NamedTuple):
    """How a piece was recorded outside the studio; see `domains.Domain` for the units."""

    room: float
    low_cut: float
    high_cut: float
    noise: float
    drive: float
    seed: int  # of the noise


@dataclass(frozen=True)
class Score:
    """A whole piece. `programs` gives each part's General MIDI program (for drums: the kit)."""

    notes: tuple[Note, ...]
    programs: dict[str, int]
    sections: tuple[Section, ...]
    seconds: float
    production: str
    recording: Recording | None = None  # None in the studio

    def part(self, name: str) -> tuple[Note, ...]:
        """The notes of one part."""
        return tuple(note for note in self.notes if note.part == name)

    def text(self) -> str:
        """The score as canonical text, times in whole tenths of a millisecond."""
        lines = [f"score {self.seconds:.4f} {self.production}"]
        if self.recording:
            lines.append("recording " + " ".join(f"{value:.4f}" for value in self.recording))
        lines += [f"program {part} {number}" for part, number in sorted(self.programs.items())]
        lines += [f"section {s.name} {s.start:.4f} {s.end:.4f}" for s in self.sections]
        lines += [f"note {n.start:.4f} {n.end:.4f} {n.pitch} {n.velocity} {n.part}" for n in self.notes]
        return "\n".join(lines) + "\n"

    def digest(self) -> str:
        """sha256 of the canonical text, as hexadecimal."""
        return sha256(self.text().encode()).hexdigest()
