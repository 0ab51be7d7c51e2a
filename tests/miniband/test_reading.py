from dataclasses import replace

import pytest

from miniband import crowd_style
from miniband import vocabulary as words
from miniband.attributes import draw
from miniband.captions import caption
from miniband.randomness import stream
from miniband.reading import Reading, consistent, read

COUNT = 2500
DOMAINS = ("studio", "crowd", "lofi@0.5", "general")


@pytest.fixture(scope="module")
def captioned():
    made = []
    for domain in DOMAINS:
        for number in range(COUNT):
            attributes = draw(stream("read", domain, number), domain)
            made.append((attributes, caption(attributes, stream("read", domain, number, "said"), domain)))
    return made


def test_a_reading_is_true_and_reveals_what_is_mentioned_and_no_more(captioned):
    for attributes, said in captioned:
        reading = read(said.text)
        assert reading.mentions == said.mentions, said.text
        assert consistent(attributes, reading), said.text


def test_a_track_that_differs_in_something_said_is_not_consistent(captioned):
    others = {"mood": ("sad", "dark"), "lead": ("banjo", "choir"), "drums": ("none", "brushes"), "key": ("C", "F"),
              "mode": ("major", "minor"), "density": ("sparse", "dense"), "production": ("dry", "warm"),
              "tempo": (40, 200), "genre": ("rock", "jazz")}  # fmt: skip
    for attributes, said in captioned[::5]:
        for name, (one, two) in others.items():
            other = replace(attributes, **{name: two if getattr(attributes, name) == one else one})
            if name == "tempo" and words.tempo_words(other.tempo) == words.tempo_words(attributes.tempo):
                continue
            if other.genre != other.second_genre:
                assert consistent(other, read(said.text)) == (name not in said.mentions), (name, said.text)


def test_one_genre_alone_is_said_of_no_crossover():
    track = replace(draw(stream("one genre")), genre="jazz", second_genre="")
    one, both = read("A jazz tune."), read("A punk and bebop crossover.")
    crossover = replace(track, second_genre="punk")
    assert consistent(track, one) and not consistent(crossover, one)
    assert not consistent(track, both) and consistent(crossover, both)
    assert consistent(replace(track, genre="punk", second_genre="jazz"), both)


def test_the_longest_phrase_is_read():
    assert read("A punk rock tune with a mouth organ.") == Reading(genres=frozenset({"punk"}), lead="harmonica")
    assert read("An e-piano and machine beats.") == Reading(lead="electric piano", drums="drum machine")
    assert read("A classic rock and punk crossover.").genres == {"rock", "punk"}


def test_part_of_a_word_is_not_read():
    assert read("Popular rocking, jazzy and saddened, pianos and a pop-up.") == Reading()
    assert read("The C major 7 at 1.90 BPM, not c minor or 90 BPMs.") == Reading(key="C", mode="major")


def test_keys_tempi_uses_and_feelings_are_read():
    assert read("A track in F# minor at 97 BPM.") == Reading(key="F#", mode="minor", tempo=(97, 97))
    assert [read(f"A {word} tune.").tempo for word in ("slow", "moderate", "brisk", "fast")] == [
        (30, 84), (85, 112), (113, 138), (139, 300)
    ]  # fmt: skip
    assert read("Ideal for spa visits.").mood == "calm" and read("It makes me smile.").mood == "happy"


def test_contradictions_are_refused():
    with pytest.raises(ValueError, match="too much is said of the mood .dark, happy. in 'A happy, dark"):
        read("A happy, dark tune.")
    with pytest.raises(ValueError, match="said of the genre .jazz, pop, rock."):
        read("Rock, pop and jazz.")
    with pytest.raises(ValueError, match="said of the tempo"):
        read("A slow tune at 80 BPM.")
    assert read("A happy, cheerful tune.").mood == "happy"


def test_no_phrase_means_two_values_in_any_style():
    for name, shared in words.SHARED_WORDS.items():
        owner = {}
        tables = [shared, *(own[name] for own in words.OWN_WORDS.values() if name in own)]
        tables += [words.USES, crowd_style.FEELINGS] if name == "mood" else []
        for table in tables:
            assert set(table) == set(shared)
            for value, phrases in table.items():
                for phrase in phrases:
                    assert owner.setdefault(phrase.lower(), value) == value, (name, phrase)
    everything = [w.lower() for table in (*words.SHARED_WORDS.values(), words.USES) for s in table.values() for w in s]
    everything += [w for _, phrases in words.TEMPO_WORDS for w in phrases]
    assert len(everything) == len(set(everything))
