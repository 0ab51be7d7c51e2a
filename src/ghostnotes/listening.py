"""Players and pictures inside a page: short compressed previews, captions escaped."""

import base64
import io

import numpy as np
from IPython.display import HTML
from markupsafe import Markup, escape
from PIL import Image

PREVIEW_RATE = 22050  # Hz; mp3 at this rate, mono, keeps a player of 4 s near 20 kB


def player(samples: np.ndarray, rate: int) -> Markup:
    """An HTML audio element holding mono samples as MP3."""
    import soundfile
    import soxr

    buffer = io.BytesIO()
    resampled = soxr.resample(samples, rate, PREVIEW_RATE)
    soundfile.write(buffer, resampled, PREVIEW_RATE, format="MP3", bitrate_mode="VARIABLE", compression_level=0.9)
    data = base64.b64encode(buffer.getvalue()).decode()
    source = f"data:audio/mpeg;base64,{data}"
    return Markup(f'<audio controls preload="none" src="{source}" style="width:220px;height:32px"></audio>')


def picture(pixels: np.ndarray, size: int = 96) -> Markup:
    """An HTML image of (H, W, 3) uint8 pixels, drawn `size` pixels wide."""
    buffer = io.BytesIO()
    Image.fromarray(np.asarray(pixels)).save(buffer, format="PNG", optimize=True)
    data = base64.b64encode(buffer.getvalue()).decode()
    return Markup(f'<img src="data:image/png;base64,{data}" width="{size}" alt="query picture">')


def table(rows: list[dict]) -> HTML:
    """Rows as an HTML table; every value is escaped but those made by `player` and `picture`."""
    left = "style='text-align:left'"
    head = Markup("").join(Markup(f"<th {left}>{escape(name)}</th>") for name in rows[0])
    lines = (Markup("").join(Markup(f"<td {left}>{escape(value)}</td>") for value in row.values()) for row in rows)
    body = Markup("").join(Markup(f"<tr>{line}</tr>") for line in lines)
    return HTML(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")


def describe(track) -> str:
    """A track's attributes in a few words; track: a row as a dict, a pandas row or a named tuple."""
    row = track._asdict() if hasattr(track, "_asdict") else track
    genre = f"{row['genre']} + {row['second_genre']}" if row["second_genre"] else row["genre"]
    return f"{genre}, {row['mood']}, {row['tempo']} BPM, {row['key']} {row['mode']}, {row['lead']}"
