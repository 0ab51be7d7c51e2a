"""The lofi domain at any strength: the same tracks, sounding between a studio recording and a poor one.

A track's attributes, its captions and its seed are lofi's own at every strength; how it is arranged, played and
recorded goes from studio's way to lofi's. So the dial turns the distance of the sound, and the texts stay.
"""

import pandas as pd

CLIP = {"start": 6.0, "seconds": 8.0}  # as long as the gallery's clips; the music is well under way


def turned(tracks: pd.DataFrame, strength: float) -> list[dict]:
    """Tracks of lofi (rows of `made.load("lofi-test", ...).tracks`) as rows for `rendering`, at a strength from 0 to 1.

    ValueError, when they are rendered, for another strength.
    """
    return [row | CLIP | {"domain": f"lofi@{strength:g}"} for row in tracks.to_dict("records")]
