"""Small files of sound of every format, good and bad, and tiny data sets laid out as the published ones are."""

import csv
import json
from pathlib import Path

import numpy as np
import soundfile

NOTES = (220, 247, 262, 294, 330, 349, 392, 440)  # Hz
SUFFIXES = ("wav", "flac", "ogg", "mp3", "aiff")
WORDS = ("calm piano", "loud guitars", "slow strings", "fast drums", "a warm voice", "deep bass")


def sound(seconds=2.0, rate=22050, channels=1, frequency=440) -> np.ndarray:
    """(n, channels) float32: a note with overtones that is struck twice a second, and a little noise."""
    time = np.arange(round(seconds * rate)) / rate
    wave = sum(np.sin(2 * np.pi * frequency * k * time) / k**2 for k in (1, 2, 3) if frequency * k < rate / 2)
    noise = np.random.default_rng(int(frequency)).standard_normal(len(time))
    mono = 0.4 * wave * np.exp(-4 * (time % 0.5)) + 0.01 * noise
    return np.stack([mono * (1 - 0.2 * channel) for channel in range(channels)], axis=1).astype(np.float32)


def tone(path, seconds=2.0, rate=22050, channels=1, frequency=440, tags=None, **options) -> Path:
    """Write `sound` in the format of the path's suffix, with tags; options: soundfile's, such as subtype."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".opus":
        rate, options = 24000, {"format": "OGG", "subtype": "OPUS"} | options  # Opus has few rates
    soundfile.write(path, sound(seconds, rate, channels, frequency), rate, **options)
    if tags:
        tag(path, **tags)
    return path


def tag(path, **tags) -> None:
    """Write title, artist, genre, comment into a file as its format has them."""
    import mutagen
    from mutagen import id3

    file = mutagen.File(path)
    if file.tags is None:
        file.add_tags()
    frames = {"title": id3.TIT2, "artist": id3.TPE1, "genre": id3.TCON, "comment": id3.COMM}
    for name, text in tags.items():
        if isinstance(file.tags, id3.ID3):
            more = {"lang": "eng", "desc": ""} if name == "comment" else {}
            file.tags.add(frames[name](encoding=3, text=[text], **more))
        else:
            file.tags[name] = [text]
    file.save()


def folder_of_music(path, tracks=10) -> tuple[list[str], dict[str, str]]:
    """Good files of five formats in two folders, and bad ones: ids of the good, and the reason of each bad one."""
    path = Path(path)
    good = []
    for number in range(tracks):
        suffix = SUFFIXES[number % len(SUFFIXES)]
        name = f"{'ab'[number // len(SUFFIXES) % 2]}/track-{number:02d}.{suffix}"
        tags = {"title": f"Track {number}", "artist": "The Tones", "genre": "Test"}
        if number % 3 == 0:
            tags["comment"] = WORDS[number % len(WORDS)]
        tone(path / name, 2 + number % 5, channels=1 + number % 2, frequency=NOTES[number % len(NOTES)], tags=tags)
        good.append(name)
    bad = {}
    for suffix in SUFFIXES:
        whole = tone(path / f"bad/cut.{suffix}", 4).read_bytes()
        (path / f"bad/cut.{suffix}").write_bytes(whole[: len(whole) // 2])
        bad[f"bad/cut.{suffix}"] = "truncated"
        (path / f"bad/empty.{suffix}").write_bytes(b"")
        bad[f"bad/empty.{suffix}"] = "empty"
    soundfile.write(path / "bad/silent.flac", np.zeros(44100), 22050)
    tone(path / "bad/short.wav", 0.2)
    (path / "bad/text.mp3").write_text("This is no music. " * 200)
    bad |= {"bad/silent.flac": "silent", "bad/short.wav": "too short", "bad/text.mp3": "unreadable"}
    return sorted(good), bad


def musiccaps(path, tracks=12, gone=2) -> list[str]:
    """musiccaps-public.csv, clips under three conventions of naming, a picture each; the last are gone. Ids found."""
    path = Path(path)
    header = ("ytid,start_s,end_s,audioset_positive_labels,aspect_list,caption,author_id,is_balanced_subset,"
              "is_audioset_eval")  # fmt: skip
    rows, found = [], []
    for number in range(tracks):
        name = f"-x_Yt{number:06d}"
        start = 10 * number
        word = WORDS[number % len(WORDS)]
        rows.append([name, start, start + 4, "/m/04rlf", f"['{word}', 'test']", f"A piece with {word}, no. {number}.",
                     number % 10, False, number % 2 == 1])  # fmt: skip
        if number < tracks - gone:
            stem = (name, f"[{name}]-[{start}-{start + 4}]", f"{name}_{start}_{start + 4}")[number % 3]
            suffix = ("wav", "flac", "mp3")[number % 3]
            tone(path / f"audio/{stem}.{suffix}", 4, frequency=NOTES[number % len(NOTES)])
            found.append(name)
        picture(path / f"frames/{name}.jpg", number)
    write_table(path / "musiccaps-public.csv", header.split(","), rows)
    return found


def song_describer(path, tracks=8) -> list[str]:
    """song_describer.csv, two captions a track, one of them not validated, and audio/48/948.2min.mp3. Ids."""
    path = Path(path)
    header = "caption_id,track_id,caption,is_valid_subset,familiarity,artist_id,album_id,path,duration"
    rows, ids = [], []
    for number in range(tracks):
        track = f"{1000 + 37 * number}"
        word = WORDS[number % len(WORDS)]
        place = f"{track[-2:]}/{track}"
        tone(path / f"audio/{place}.2min.mp3", 4, frequency=NOTES[number % len(NOTES)])
        for caption, valid in ((f"A song with {word}.", True), (f"Number {number}: {word}", ("", False)[number % 2])):
            rows.append([len(rows), track, caption, valid, 1, number, 7, f"{place}.mp3", 202.5])
        ids.append(track)
    write_table(path / "song_describer.csv", header.split(","), rows)
    return ids


def melbench(path, tracks=8, lines=False) -> list[str]:
    """Triplets with the columns of MELFusion's training code, as CSV or JSON lines. Ids: the audio's paths."""
    path = Path(path)
    rows = _pictured(path, tracks)
    if lines:
        text = "".join(json.dumps(dict(zip(("captions", "location", "img_path"), row))) + "\n" for row in rows)
        (path / "melbench.json").write_text(text, encoding="utf-8")
    else:
        write_table(path / "melbench.csv", ["captions", "location", "img_path"], rows)
    return [location for _, location, _ in rows]


def pairs(path, tracks=8) -> list[str]:
    """pairs.csv of audio and a frame. Ids: the audio's paths."""
    rows = _pictured(Path(path), tracks)
    write_table(Path(path) / "pairs.csv", ["audio", "picture"], [[audio, frame] for _, audio, frame in rows])
    return [audio for _, audio, _ in rows]


def jamendo(path, tracks=8) -> list[str]:
    """autotagging.tsv with tags to the end of the line, every other file of the small size. Ids."""
    path = Path(path)
    lines = ["TRACK_ID\tARTIST_ID\tALBUM_ID\tPATH\tDURATION\tTAGS"]
    ids = []
    for number in range(tracks):
        track = 214 + 101 * number
        place = f"{track % 100:02d}/{track}"
        tone(path / f"audio/{place}{('', '.low')[number % 2]}.mp3", 4, frequency=NOTES[number % len(NOTES)])
        tags = ["genre---rock", "genre---pop", "instrument---piano", "mood/theme---happy"][: 1 + number % 4]
        ids.append(f"track_{track:07d}")
        lines.append("\t".join([ids[-1], f"artist_{number:06d}", "album_000031", f"{place}.mp3", "124.6", *tags]))
    (path / "autotagging.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return ids


def picture(path, number=0) -> Path:
    """A small picture of one colour."""
    from PIL import Image

    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (16, 16), ((40 * number) % 256, (90 * number) % 256, 128)).save(path)
    return Path(path)


def write_table(path, header, rows) -> Path:
    """A CSV in UTF-8."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])
    return Path(path)


def _pictured(path: Path, tracks: int) -> list[tuple[str, str, str]]:
    """(caption, audio, picture) of each of these tracks, whose files are written."""
    rows = []
    for number in range(tracks):
        audio, frame = f"music/{number:03d}.wav", f"images/{number:03d}.jpg"
        tone(path / audio, 4, frequency=NOTES[number % len(NOTES)])
        picture(path / frame, number)
        rows.append((f"{WORDS[number % len(WORDS)]}, number {number}", audio, frame))
    return rows
