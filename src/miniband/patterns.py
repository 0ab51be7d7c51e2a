"""What hands play in one bar of sixteen steps, written so that a musician can read it and add to it.

Drums: `X` loud, `x` normal, `o` soft, `.` nothing. Bass and chords: a letter starts a note, `-` holds it,
`.` rests. Bass: `R` root, `3` third, `5` fifth, `8` octave, `6` sixth, `7` minor seventh, `A` a half step
below the next root. Chords: `C` the whole chord, `1`..`4` one note of it from below, `P` the low fifth.
Neighbouring genres share these patterns on purpose: see `genres`.
"""

from functools import cache

DRUM_PATTERNS = {
    "backbeat":    {"kick": "X.....x.x.......", "snare": "....X.......X...", "hat": "x.x.x.x.x.x.x.x."},
    "busy backbeat": {"kick": "X..x..x.x.x.....", "snare": "....X..o....X..o", "hat": "x.x.x.x.x.x.x.x."},
    "drive":       {"kick": "X...x...X...x...", "snare": "..x...x...x...x.", "hat": "x.x.x.x.x.x.x.x."},
    "double kick": {"kick": "XxxxXxxxXxxxXxxx", "snare": "....X.......X...", "ride": "X...x...X...x..."},
    "half time":   {"kick": "X.....x...x.....", "snare": "........X.......", "hat": "x.o.x.o.x.o.x.o."},
    "four floor":  {"kick": "X...X...X...X...", "clap": "....x.......x...", "open": "..x...x...x...x."},
    "disco":       {"kick": "X...X...X...X...", "snare": "....X.......X...", "hat": "x.o.x.o.x.o.x.o.",
                    "open": "..x...x...x...x."},
    "sixteenths":  {"kick": "X..x..x...x..x..", "snare": "....X..o.o..X..o", "hat": "xoxoxoxoxoxoxoxo"},
    "boom bap":    {"kick": "X..x......xx....", "snare": "....X.......X...", "hat": "x.x.x.x.x.x.x.x."},
    "trap":        {"kick": "X......x..x.....", "clap": "........X.......", "hat": "x.xxx.x.xxx.x.xx"},
    "one drop":    {"kick": "........X.......", "rim": "........X.....o.", "hat": "x.o.x.o.x.o.x.o."},
    "steppers":    {"kick": "X...X...X...X...", "rim": "....o...X..o....", "hat": "..x...x...x...x."},
    "swing":       {"kick": "o...o...o...o...", "ride": "X...x.x.X...x.x.", "hat": "....x.......x...",
                    "snare": "......o........."},
    "shuffle":     {"kick": "X.......X.x.....", "snare": "....X.......X...", "ride": "x.x.x.x.x.x.x.x."},
    "bossa":       {"kick": "X..xX..xX..xX..x", "rim": "x..x..x...x..x..", "hat": "x.x.x.x.x.x.x.x."},
    "train":       {"kick": "X.......X.......", "snare": "x.xxX.xxx.xxX.xx"},
    "two beat":    {"kick": "X.......X.......", "snare": "....x.......x...", "shaker": "o.o.o.o.o.o.o.o."},
    "stomp":       {"kick": "X...X...X...X...", "clap": "....x.......x...", "shaker": "o.x.o.x.o.x.o.x."},
    "heartbeat":   {"kick": "X.o.....X.o.....", "shaker": "..o...o...o...o."},
    "ceremony":    {"tom": "X.....x.X.......", "snare": "........o.o.o.oo", "crash": "o..............."},
}  # fmt: skip

BASS_PATTERNS = {
    "eighths":    "R-R-R-R-R-R-R-R-",
    "quarters":   "R---R---R---R---",
    "driving":    "R-R-R-R-R-R-8-7-",
    "gallop":     "R-RRR-RRR-RRR-RR",
    "root fifth": "R-------5-------",
    "two feel":   "R---....5---...A",
    "walking":    "R---3---5---A---",
    "boogie":     "R-R-3-3-5-5-6-5-",
    "octaves":    "R-8-R-8-R-8-R-8-",
    "offbeat":    "..R-..R-..R-..R-",
    "syncopated": "R..R..8.R.7..5..",
    "slap":       "R-.8..R.7-8..R.A",
    "bossa":      "R--.5-5-5--.R-R-",
    "dub":        "R-----3-5---..R-",
    "roots":      "..R---R-5---3---",
    "sub":        "R---------R-----",
    "whole":      "R---------------",
    "halves":     "R-------R-------",
}  # fmt: skip

CHORD_PATTERNS = {
    "whole":       "C---------------",
    "halves":      "C-------C-------",
    "quarters":    "C---C---C---C---",
    "strum":       "C---C-C-..C-C-C-",
    "eighths":     "C-C-C-C-C-C-C-C-",
    "chug":        "P.P.P.P.C---P.P.",
    "gallop":      "P.PPP.PPP.PPC---",
    "skank":       "..C...C...C...C.",
    "stabs":       "..C-..C-..C-..C-",
    "push":        "C--C--C-..C--.C-",
    "charleston":  "C-....C-........",
    "comping":     "....C-....C-..C-",
    "bossa":       "C-.C-.C-..C-.C-.",
    "scratch":     "C..C..C...CC..C.",
    "boom chuck":  "1---C---2---C---",
    "fingers":     "1-3-2-4-1-3-2-4-",
    "alberti":     "1-3-2-3-1-3-2-3-",
    "arpeggio":    "1-2-3-4-3-2-1-2-",
    "sequence":    "1234123412341234",
    "roll":        "1-2-3-4---------",
}  # fmt: skip

# how likely each step starts a note of the melody, in tenths: one digit a step
MELODY_RHYTHMS = {
    "song":      "9020406090204050",
    "riff":      "9060809040608070",
    "hook":      "9009009090900900",
    "sixteenth": "9337353793373537",
    "line":      "8070807080708070",
    "lazy":      "6030700050407030",
    "long":      "9000000050000000",
    "hymn":      "9000700090007000",
    "ornament":  "9444934493449344",
    "offbeat":   "2070207020702070",
}  # fmt: skip


@cache
def onsets(grid: str) -> tuple[tuple[int, int, str], ...]:
    """The (step, length in steps, symbol) of every note of a bass or chord pattern."""
    found = []
    for step, symbol in enumerate(grid):
        if symbol in ".-":
            continue
        length = 1
        while step + length < len(grid) and grid[step + length] == "-":
            length += 1
        found.append((step, length, symbol))
    return tuple(found)
