"""The sixteen genres and what each one draws from.

Neighbours share drum patterns, kits, tempi, sounds and progressions on purpose: a genre is a *distribution*
over these, so that a careful listener is right most of the time, not always. To add a genre, add a row
here, its words in `vocabulary` and its pictures in `subjects`.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Genre:
    """Weights are relative; `swing` is where the off-beat falls (.5 straight, .66 triplets)."""

    family: str
    tempo: tuple[int, int]  # middle and half-width of a triangle, BPM
    moods: dict
    drums: dict
    patterns: dict
    bass: dict
    bass_sounds: dict
    chords: dict
    chord_sounds: dict
    progressions: dict
    colours: dict
    leads: tuple
    melody: dict
    scale: dict
    pads: dict = field(default_factory=dict)
    swing: float = 0.5


ROCK_LEADS = ("electric guitar", "distorted guitar", "organ", "harmonica", "piano")
DANCE_LEADS = ("synth lead", "electric piano", "electric guitar", "choir", "trumpet")
JAZZ_LEADS = ("saxophone", "trumpet", "piano", "clarinet", "vibraphone", "trombone")
ROOTS_LEADS = ("acoustic guitar", "banjo", "violin", "harmonica", "accordion", "flute")

GENRES_TABLE = {
    "rock": Genre(
        "rock", (122, 24), {"energetic": 3, "happy": 2, "dark": 2, "sad": 1, "calm": 1, "dreamy": 1},
        {"acoustic kit": 6, "power kit": 4, "none": 1},
        {"backbeat": 5, "busy backbeat": 3, "drive": 1, "half time": 1},
        {"eighths": 4, "quarters": 2, "root fifth": 1, "driving": 2}, {"picked bass": 3, "finger bass": 2},
        {"eighths": 3, "strum": 3, "quarters": 2, "chug": 2},
        {"overdriven guitar": 5, "distorted guitar": 2, "clean guitar": 2, "rock organ": 1},
        {"anthem": 3, "mixolydian": 4, "doo-wop": 1, "blues": 2, "aeolian": 2},
        {"triad": 3, "power": 3}, ROCK_LEADS, {"riff": 4, "song": 3}, {"pentatonic": 3, "diatonic": 2},
        {"rock organ": 1}),
    "punk": Genre(
        "rock", (164, 26), {"energetic": 4, "happy": 2, "dark": 2, "sad": 1, "calm": 1, "dreamy": 1},
        {"acoustic kit": 5, "power kit": 5, "none": 1},
        {"drive": 6, "backbeat": 3, "busy backbeat": 1},
        {"eighths": 5, "driving": 3}, {"picked bass": 5, "finger bass": 1},
        {"eighths": 6, "quarters": 1, "chug": 2},
        {"overdriven guitar": 4, "distorted guitar": 5},
        {"anthem": 3, "mixolydian": 3, "three chords": 4}, {"power": 5, "triad": 2},
        ROCK_LEADS, {"riff": 2, "song": 3, "hook": 2}, {"diatonic": 3, "pentatonic": 2}),
    "metal": Genre(
        "rock", (140, 32), {"dark": 4, "energetic": 4, "sad": 1, "happy": 1, "calm": 1, "dreamy": 1},
        {"power kit": 7, "acoustic kit": 2, "none": 1},
        {"double kick": 5, "half time": 2, "drive": 2, "busy backbeat": 1},
        {"gallop": 5, "eighths": 3}, {"picked bass": 5, "finger bass": 1},
        {"gallop": 4, "chug": 4, "eighths": 1}, {"distorted guitar": 7, "overdriven guitar": 2},
        {"aeolian": 4, "phrygian": 4, "mixolydian": 1}, {"power": 6, "triad": 1},
        ("distorted guitar", "electric guitar", "choir", "violin", "synth lead"),
        {"riff": 3, "sixteenth": 4}, {"diatonic": 4, "pentatonic": 1}, {"strings": 1, "choir pad": 1}),
    "pop": Genre(
        "dance", (112, 20), {"happy": 4, "energetic": 2, "dreamy": 2, "sad": 2, "calm": 2, "dark": 1},
        {"electronic kit": 4, "acoustic kit": 4, "drum machine": 2, "none": 1},
        {"backbeat": 4, "four floor": 2, "busy backbeat": 2, "disco": 1},
        {"eighths": 4, "quarters": 2, "syncopated": 1}, {"finger bass": 3, "synth bass": 3},
        {"strum": 2, "push": 3, "quarters": 3, "arpeggio": 1},
        {"piano": 4, "poly synth": 2, "clean guitar": 2, "electric piano": 1},
        {"anthem": 5, "doo-wop": 2, "turnaround": 2}, {"triad": 5, "ninth": 1},
        ("piano", "synth lead", "electric guitar", "acoustic guitar", "choir", "violin"),
        {"song": 4, "hook": 4}, {"diatonic": 4, "pentatonic": 2}, {"synth strings": 2, "warm pad": 2}),
    "disco": Genre(
        "dance", (120, 10), {"happy": 4, "energetic": 4, "dreamy": 1, "sad": 1, "calm": 1, "dark": 1},
        {"acoustic kit": 6, "electronic kit": 3, "none": 1},
        {"disco": 7, "four floor": 2, "sixteenths": 1},
        {"octaves": 6, "syncopated": 2, "slap": 1}, {"finger bass": 5, "synth bass": 1, "slap bass": 1},
        {"scratch": 3, "stabs": 3, "push": 2}, {"clean guitar": 4, "muted guitar": 2, "electric piano": 2, "brass": 1},
        {"turnaround": 4, "vamp": 2, "aeolian": 2, "two-five": 1}, {"seventh": 4, "triad": 2, "ninth": 1},
        ("violin", "trumpet", "electric guitar", "synth lead", "saxophone", "choir"),
        {"hook": 3, "sixteenth": 2, "song": 2}, {"diatonic": 4, "pentatonic": 2}, {"strings": 5}),
    "house": Genre(
        "dance", (125, 8), {"energetic": 3, "happy": 2, "dreamy": 3, "dark": 2, "calm": 1, "sad": 1},
        {"drum machine": 5, "electronic kit": 5, "none": 1},
        {"four floor": 8, "disco": 1, "steppers": 1},
        {"offbeat": 4, "octaves": 2, "syncopated": 2}, {"synth bass": 4, "deep synth bass": 3},
        {"stabs": 4, "push": 3, "sequence": 2}, {"piano": 2, "electric piano": 2, "poly synth": 3, "synth brass": 1},
        {"vamp": 3, "aeolian": 3, "turnaround": 2}, {"seventh": 3, "ninth": 3, "triad": 1},
        DANCE_LEADS, {"hook": 3, "offbeat": 2, "riff": 2}, {"pentatonic": 3, "diatonic": 2},
        {"warm pad": 3, "saw": 1, "synth strings": 2}),
    "funk": Genre(
        "groove", (106, 14), {"energetic": 4, "happy": 4, "dark": 1, "dreamy": 1, "sad": 1, "calm": 1},
        {"acoustic kit": 8, "electronic kit": 1, "none": 1},
        {"sixteenths": 7, "disco": 1, "busy backbeat": 2},
        {"slap": 4, "syncopated": 4}, {"slap bass": 4, "finger bass": 3},
        {"scratch": 6, "stabs": 1, "comping": 1},
        {"clean guitar": 4, "muted guitar": 2, "electric piano": 2, "brass": 2},
        {"vamp": 6, "blues": 1, "mixolydian": 1}, {"ninth": 4, "seventh": 4},
        ("saxophone", "trumpet", "electric piano", "organ", "electric guitar", "trombone"),
        {"sixteenth": 4, "riff": 3, "hook": 1}, {"blues": 3, "pentatonic": 3}, {"brass": 2}),
    "hip hop": Genre(
        "groove", (90, 14), {"dark": 3, "calm": 2, "energetic": 2, "sad": 2, "dreamy": 2, "happy": 1},
        {"drum machine": 5, "electronic kit": 3, "acoustic kit": 2, "none": 1},
        {"boom bap": 5, "trap": 4, "half time": 1},
        {"sub": 5, "halves": 2, "syncopated": 1}, {"deep synth bass": 4, "fretless bass": 1, "finger bass": 2},
        {"quarters": 2, "charleston": 2, "halves": 3, "arpeggio": 1},
        {"electric piano": 4, "piano": 3, "vibraphone": 1, "jazz guitar": 1},
        {"vamp": 4, "aeolian": 3, "two-five": 2}, {"seventh": 4, "ninth": 2, "triad": 1},
        ("electric piano", "piano", "flute", "synth lead", "vibraphone", "saxophone"),
        {"lazy": 3, "offbeat": 2, "hook": 2}, {"pentatonic": 4, "diatonic": 1}, {"warm pad": 1, "strings": 1},
        swing=0.56),
    "reggae": Genre(
        "groove", (78, 12), {"happy": 3, "calm": 4, "dreamy": 2, "sad": 1, "dark": 1, "energetic": 2},
        {"acoustic kit": 7, "hand percussion": 2, "none": 1},
        {"one drop": 6, "steppers": 3}, {"dub": 4, "roots": 4, "sub": 1}, {"finger bass": 4, "fretless bass": 2},
        {"skank": 8, "stabs": 1}, {"clean guitar": 3, "organ": 3, "muted guitar": 1, "piano": 1},
        {"vamp": 3, "three chords": 3, "anthem": 2}, {"triad": 5, "seventh": 1},
        ("organ", "trombone", "saxophone", "harmonica", "electric guitar", "trumpet"),
        {"lazy": 4, "song": 3}, {"diatonic": 3, "pentatonic": 3}, {"organ": 2}, swing=0.56),
    "jazz": Genre(
        "jazz", (132, 36), {"happy": 2, "calm": 3, "dreamy": 2, "energetic": 2, "sad": 2, "dark": 1},
        {"jazz kit": 5, "brushes": 4, "none": 2}, {"swing": 8, "shuffle": 1, "bossa": 1},
        {"walking": 7, "two feel": 3}, {"upright bass": 8, "fretless bass": 1},
        {"charleston": 4, "comping": 4, "halves": 1}, {"piano": 5, "jazz guitar": 3, "vibraphone": 1},
        {"two-five": 6, "turnaround": 3, "blues": 1}, {"seventh": 3, "ninth": 4}, JAZZ_LEADS,
        {"line": 5, "lazy": 2}, {"chromatic": 4, "diatonic": 2, "blues": 1}, swing=0.64),
    "blues": Genre(
        "jazz", (96, 26), {"sad": 3, "calm": 2, "energetic": 2, "dark": 2, "happy": 2, "dreamy": 1},
        {"acoustic kit": 5, "brushes": 2, "jazz kit": 2, "none": 2}, {"shuffle": 7, "swing": 2, "backbeat": 1},
        {"boogie": 4, "walking": 3, "quarters": 1}, {"upright bass": 2, "finger bass": 4},
        {"comping": 2, "eighths": 2, "charleston": 2, "quarters": 2},
        {"piano": 3, "organ": 2, "overdriven guitar": 2, "jazz guitar": 2, "honky-tonk": 1},
        {"blues": 8, "mixolydian": 1}, {"seventh": 6, "ninth": 1},
        ("harmonica", "electric guitar", "saxophone", "piano", "organ", "distorted guitar"),
        {"riff": 4, "lazy": 3}, {"blues": 7, "pentatonic": 1}, swing=0.64),
    "bossa nova": Genre(
        "jazz", (124, 22), {"calm": 4, "happy": 3, "dreamy": 3, "sad": 2, "energetic": 1, "dark": 1},
        {"brushes": 3, "hand percussion": 4, "acoustic kit": 2, "none": 2}, {"bossa": 8, "two beat": 1},
        {"bossa": 7, "root fifth": 2}, {"upright bass": 4, "fretless bass": 2},
        {"bossa": 7, "comping": 1, "fingers": 1}, {"nylon guitar": 7, "electric piano": 1, "piano": 1},
        {"two-five": 5, "turnaround": 4}, {"ninth": 5, "seventh": 3},
        ("flute", "saxophone", "nylon guitar", "piano", "vibraphone", "clarinet"),
        {"lazy": 4, "offbeat": 2, "line": 1}, {"diatonic": 4, "chromatic": 2}, {"slow strings": 1}),
    "folk": Genre(
        "roots", (104, 24), {"calm": 3, "happy": 3, "sad": 3, "dreamy": 2, "energetic": 1, "dark": 1},
        {"none": 4, "hand percussion": 4, "brushes": 2}, {"stomp": 4, "two beat": 4, "heartbeat": 2},
        {"root fifth": 4, "halves": 3, "two feel": 1}, {"upright bass": 5, "fretless bass": 1},
        {"strum": 4, "fingers": 5, "boom chuck": 2}, {"steel guitar": 7, "nylon guitar": 2, "banjo": 1},
        {"three chords": 5, "anthem": 2, "mixolydian": 3}, {"triad": 6}, ROOTS_LEADS,
        {"song": 4, "ornament": 3}, {"diatonic": 3, "pentatonic": 3}, {"slow strings": 1}),
    "country": Genre(
        "roots", (114, 26), {"happy": 4, "energetic": 2, "sad": 3, "calm": 2, "dreamy": 1, "dark": 1},
        {"acoustic kit": 6, "brushes": 3, "none": 1}, {"train": 5, "two beat": 3, "backbeat": 2},
        {"root fifth": 6, "two feel": 2, "quarters": 1}, {"upright bass": 2, "finger bass": 4},
        {"boom chuck": 6, "strum": 4}, {"steel guitar": 5, "clean guitar": 3, "honky-tonk": 2},
        {"three chords": 6, "doo-wop": 1, "anthem": 1}, {"triad": 5, "sixth": 2},
        ("banjo", "violin", "electric guitar", "acoustic guitar", "harmonica", "accordion"),
        {"song": 4, "riff": 2, "ornament": 1}, {"pentatonic": 4, "diatonic": 2}, swing=0.54),
    "classical": Genre(
        "art", (98, 28), {"calm": 3, "sad": 3, "happy": 2, "dark": 2, "dreamy": 2, "energetic": 2},
        {"none": 8, "hand percussion": 1, "brushes": 1}, {"ceremony": 6, "heartbeat": 2},
        {"halves": 4, "quarters": 3, "whole": 2}, {"contrabass": 4, "low cello": 4},
        {"alberti": 5, "quarters": 2, "arpeggio": 3, "halves": 1},
        {"piano": 4, "strings": 4, "harpsichord": 2, "harp": 2, "pizzicato": 1},
        {"cadence": 6, "doo-wop": 1, "circle": 3}, {"triad": 6},
        ("violin", "cello", "flute", "clarinet", "piano", "trumpet"),
        {"hymn": 3, "ornament": 3, "line": 2}, {"diatonic": 6}, {"slow strings": 3}),
    "ambient": Genre(
        "art", (76, 16), {"dreamy": 4, "calm": 4, "dark": 3, "sad": 2, "happy": 1, "energetic": 1},
        {"none": 7, "drum machine": 2, "hand percussion": 1}, {"heartbeat": 5, "half time": 2},
        {"whole": 6, "sub": 2}, {"deep synth bass": 3, "fretless bass": 2, "low cello": 1},
        {"whole": 5, "roll": 3, "arpeggio": 2, "halves": 1},
        {"warm pad": 4, "new age pad": 3, "halo pad": 2, "electric piano": 2, "harp": 1},
        {"vamp": 4, "aeolian": 2, "circle": 1}, {"ninth": 6, "triad": 1},
        ("piano", "flute", "choir", "synth lead", "vibraphone", "cello"),
        {"long": 7, "lazy": 1}, {"pentatonic": 4, "diatonic": 2}, {"choir pad": 2, "slow strings": 3}),
}  # fmt: skip
