"""The lofi domain at any strength: the same tracks, sounding between a studio recording and a poor one.

What the strength moves is the sound and, with the domain's own mix of genres, here and there a track. The captions are
in lofi's words at every strength, so what the dial turns is the audio's distance and not the texts'.
"""

import pandas as pd

from miniband.corpus import caption_rows, track_row

CLIP = {"start": 6.0, "seconds": 8.0}  # as long as the gallery's clips; the music is well under way


def tracks(strength: float, count: int) -> pd.DataFrame:
    """The first test tracks of lofi at a strength from 0 to 1, as rows for `rendering`, with the column `caption`.

    Ids are lofi's own at every strength, so that tracks pair across them. ValueError for another strength.
    """
    rows = []
    for index in range(count):
        row, (said, *_) = (make(f"lofi@{strength:g}", "test", index) for make in (track_row, caption_rows))
        rows.append(row | CLIP | {"id": f"lofi-test-{index:05d}", "caption": said["text"]})
    return pd.DataFrame(rows).set_index("id", drop=False)
