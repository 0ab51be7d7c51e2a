"""The instruments: General MIDI programs (counted from 0) and the registers they play in.

Source of the program numbers: General MIDI Level 1; checked against the sound font's own preset names.
"""

# lead -> (program, lowest and highest comfortable MIDI pitch, does it hold a note?)
LEADS_TABLE = {
    "piano": (0, 48, 96, False),
    "electric piano": (4, 48, 90, False),
    "vibraphone": (11, 53, 89, False),
    "organ": (16, 48, 88, True),
    "accordion": (21, 53, 89, True),
    "harmonica": (22, 60, 88, True),
    "nylon guitar": (24, 45, 81, False),
    "acoustic guitar": (25, 45, 81, False),
    "electric guitar": (27, 45, 84, False),
    "distorted guitar": (30, 45, 84, True),
    "banjo": (105, 50, 84, False),
    "violin": (40, 58, 93, True),
    "cello": (42, 38, 74, True),
    "trumpet": (56, 55, 84, True),
    "trombone": (57, 42, 74, True),
    "saxophone": (65, 50, 81, True),
    "clarinet": (71, 50, 86, True),
    "flute": (73, 60, 94, True),
    "choir": (52, 48, 81, True),
    "synth lead": (81, 48, 91, True),
}

# what accompanies: name -> program
SOUNDS = {
    "piano": 0,
    "honky-tonk": 3,
    "electric piano": 4,
    "harpsichord": 6,
    "organ": 16,
    "rock organ": 18,
    "nylon guitar": 24,
    "steel guitar": 25,
    "jazz guitar": 26,
    "clean guitar": 27,
    "muted guitar": 28,
    "overdriven guitar": 29,
    "distorted guitar": 30,
    "strings": 48,
    "slow strings": 49,
    "synth strings": 50,
    "brass": 61,
    "synth brass": 62,
    "new age pad": 88,
    "warm pad": 89,
    "poly synth": 90,
    "choir pad": 91,
    "halo pad": 94,
    "saw": 81,
    "harp": 46,
    "pizzicato": 45,
    "banjo": 105,
    "upright bass": 32,
    "finger bass": 33,
    "picked bass": 34,
    "fretless bass": 35,
    "slap bass": 36,
    "synth bass": 38,
    "deep synth bass": 39,
    "contrabass": 43,
    "low cello": 42,
    "vibraphone": 11,
}

# the drums attribute -> program of the sound font's drum bank; hand percussion plays other keys of the standard kit
KITS = {
    "acoustic kit": 0,
    "power kit": 16,
    "electronic kit": 24,
    "drum machine": 25,
    "jazz kit": 32,
    "brushes": 40,
    "hand percussion": 0,
}

# voice of a drum pattern -> General MIDI percussion key
DRUM_KEYS = {
    "kick": 36,
    "snare": 38,
    "rim": 37,
    "hat": 42,
    "open": 46,
    "ride": 51,
    "crash": 49,
    "tom": 45,
    "shaker": 70,
    "clap": 39,
}
HAND_KEYS = {
    "kick": 64,
    "snare": 62,
    "rim": 76,
    "hat": 70,
    "open": 69,
    "ride": 70,
    "crash": 69,
    "tom": 61,
    "shaker": 70,
    "clap": 60,
}
