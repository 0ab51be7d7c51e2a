"""How the parts are played and recorded outside the studio: layers left out, levels off, loose timing."""

from collections.abc import Iterable, Iterator

from miniband.form import Plan
from miniband.rhythm_section import clamp
from miniband.score import Note, Recording

OPTIONAL = ("bass", "pad", "counter")  # what may be left out without making a caption untrue


def perform(notes: Iterable[Note], part: str, plan: Plan) -> Iterator[Note]:
    """One part as the domain's players play it; in the studio, as written."""
    domain = plan.domain
    if part in OPTIONAL and plan.rng("dropped", part).random() < domain.dropped:
        return
    louder = round(domain.levels * (2 * plan.rng("level", part).random() - 1))
    if not (louder or domain.loose):
        yield from notes
        return
    timing = plan.rng("timing", part)
    for note in notes:
        late = domain.loose * (2 * timing.random() - 1)
        start = max(0.0, note.start + late)
        yield Note(start, max(start, note.end + late), note.pitch, clamp(note.velocity + louder), note.part)


def recording(plan: Plan) -> Recording | None:
    """This piece's recording: the domain's values at half to one and a half times their strength, noise within 4 dB."""
    domain = plan.domain
    if domain == type(domain)():
        return None
    rng = plan.rng("recording")
    room, low, high, noise, drive = (0.5 + rng.random() for _ in range(5))
    plain = type(domain)()
    return Recording(
        room=domain.room * room,
        low_cut=plain.low_cut * (domain.low_cut / plain.low_cut) ** low,
        high_cut=plain.high_cut * (domain.high_cut / plain.high_cut) ** high,
        noise=domain.noise + 8 * (noise - 1),
        drive=domain.drive * drive,
        seed=int(rng.random() * 2**31),
    )
