"""Attributes and a seed to a score.

Every musical decision has its own random stream, named by the seed and the decision: changing one attribute
changes what that attribute means and leaves the rest of the piece as it was.
"""

from miniband.attributes import Attributes
from miniband.domains import domain_named
from miniband.form import Plan
from miniband.harmony_section import chords, counter, pad
from miniband.instruments import KITS, LEADS_TABLE, SOUNDS
from miniband.melody import lead
from miniband.performance import perform, recording
from miniband.rhythm_section import bass, drums
from miniband.score import PARTS, Note, Score, Section

PLAYERS = {"lead": lead, "chords": chords, "bass": bass, "pad": pad, "counter": counter, "drums": drums}
SHORTEST = 0.03  # seconds; what the end of the piece leaves shorter is dropped


def compose(attributes: Attributes, seed: int, seconds: float = 19.0, domain: str = "studio") -> Score:
    """The piece that these attributes and this seed mean in a domain, `seconds` long; the same on every machine."""
    if not seconds > 0:
        raise ValueError(f"seconds is {seconds!r}; expected more than 0")
    plan = Plan(attributes, seed, seconds, domain_named(domain))
    played = (note for part in PARTS for note in perform(PLAYERS[part](plan), part, plan))
    notes = sorted(_rounded(note, seconds) for note in played if note.start < seconds - SHORTEST)
    playing = {note.part for note in notes}
    programs = {part: number for part, number in _programs(plan).items() if part in playing}
    return Score(tuple(notes), programs, _sections(plan), seconds, attributes.production, recording(plan))


def _rounded(note: Note, seconds: float) -> Note:
    """Times on a grid of a tenth of a millisecond, so that no machine's last bit matters, cut at the end."""
    start = round(note.start, 4)
    end = round(min(max(note.end, start + SHORTEST), seconds), 4)
    return Note(start, end, note.pitch, note.velocity, note.part)


def _programs(plan: Plan) -> dict[str, int]:
    sounds = {
        "lead": LEADS_TABLE[plan.attributes.lead][0],
        "chords": SOUNDS[plan.decide("chord sound", plan.above, "chord_sounds")],
        "bass": SOUNDS[plan.decide("bass sound", plan.below, "bass_sounds")],
        "counter": SOUNDS[plan.decide("counter sound", plan.above, "chord_sounds")],
    }
    if plan.above.pads:
        sounds["pad"] = SOUNDS[plan.decide("pad sound", plan.above, "pads")]
    if plan.attributes.drums != "none":
        sounds["drums"] = KITS[plan.attributes.drums]
    return sounds


def _sections(plan: Plan) -> tuple[Section, ...]:
    sections = []
    for name in ("intro", "A", "B"):
        bars = [bar for bar in plan.bars if bar.section == name]
        start, end = plan.time(bars[0], 0), min(plan.time(bars[-1], 16), plan.seconds)
        if start < plan.seconds:
            sections.append(Section(name, round(start, 4), round(end, 4)))
    return tuple(sections)
