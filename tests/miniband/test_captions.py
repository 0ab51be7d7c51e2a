import re
from hashlib import sha256

import pytest

from miniband import vocabulary as words
from miniband.attributes import DENSITIES, DRUMS, GENRES, LEADS, MOODS, PRODUCTIONS, draw
from miniband.captions import MENTION, caption, genre_prompt, repeats, tempo_words, with_article
from miniband.randomness import stream

COUNT = 4000
PINNED = "e85c2ccb15edbf7def58e89d825b4c47bf96a6ddbd5db23c2f106d30900a20d0"


@pytest.fixture(scope="module")
def captioned():
    made = []
    for number in range(COUNT):
        attributes = draw(stream("captioned", number))
        made.append((attributes, caption(attributes, stream("caption", number))))
    return made


def said(text, synonyms):
    return any(re.search(rf"(?<![\w-]){re.escape(word.lower())}(?![\w-])", text.lower()) for word in synonyms)


def test_captions_are_pinned(captioned):
    assert sha256("\n".join(c.text for _, c in captioned[:200]).encode()).hexdigest() == PINNED


def test_captions_are_sentences(captioned):
    for _, c in captioned:
        assert re.fullmatch(r"[A-Z].+\.", c.text), c.text
        assert (
            "  " not in c.text
            and " ," not in c.text
            and " ." not in c.text
            and "{" not in c.text
            and ".." not in c.text
        )
        assert all(sentence[0].isupper() for sentence in c.text[:-1].split(". ")), c.text
        assert 3 <= len(c.text.split()) <= 45


def test_articles_fit_what_follows(captioned):
    for _, c in captioned:
        for article, following in re.findall(r"\b(an?) ([\w-]+)", c.text, flags=re.IGNORECASE):
            vowel = following[0].lower() in "aeiou" or following == "808"
            assert (article.lower() == "an") == vowel, c.text


def test_no_word_is_said_twice(captioned):
    assert not any(repeats(c.text) for _, c in captioned)
    assert repeats("A rock track, rock indeed") and not repeats("A rock track and a piano")


def test_mentions_are_what_the_text_says(captioned):
    """Both ways: what is mentioned occurs, and what is not mentioned does not."""
    tables = {"mood": (words.MOOD_WORDS, MOODS), "lead": (words.LEAD_WORDS, LEADS),
              "drums": (words.DRUM_WORDS, DRUMS), "density": (words.DENSITY_WORDS, DENSITIES),
              "production": (words.PRODUCTION_WORDS, PRODUCTIONS)}  # fmt: skip
    for a, c in captioned:
        for name, (table, values) in tables.items():
            assert said(c.text, table[getattr(a, name)]) == (name in c.mentions), (name, c)
            if name not in c.mentions and name != "mood":
                assert not any(said(c.text, table[value]) for value in values), (name, c)
        assert said(c.text, words.GENRE_WORDS[a.genre]) == ("genre" in c.mentions), c
        if a.second_genre:
            assert said(c.text, words.GENRE_WORDS[a.second_genre]) == ("second_genre" in c.mentions), c
        if "genre" not in c.mentions:
            assert not any(said(c.text, table) for table in words.GENRE_WORDS.values()), c
        assert (f"in {a.key} {a.mode}" in c.text) == ("key" in c.mentions) == ("mode" in c.mentions), c
        tempo = f"{a.tempo} BPM" in c.text or said(c.text, tempo_words(a.tempo))
        assert tempo == ("tempo" in c.mentions), c
        assert any(said(c.text, [use]) for use in words.USES[a.mood]) <= ("mood" in c.mentions)


def test_mentions_have_the_stated_frequencies(captioned):
    for name, chance in MENTION.items():
        found = sum(name in c.mentions for _, c in captioned) / COUNT
        assert abs(found - chance) < 0.03, name


def test_every_value_has_three_to_five_words_and_no_two_genres_share_one():
    for table in (words.GENRE_WORDS, words.MOOD_WORDS, words.LEAD_WORDS, words.DRUM_WORDS, words.DENSITY_WORDS,
                  words.PRODUCTION_WORDS):  # fmt: skip
        assert all(3 <= len(synonyms) <= 5 for synonyms in table.values())
        flat = [word.lower() for synonyms in table.values() for word in synonyms]
        assert len(flat) == len(set(flat))
    assert set(words.GENRE_WORDS) == set(GENRES) and set(words.LEAD_WORDS) == set(LEADS)
    assert set(words.DRUM_WORDS) == set(DRUMS) and set(words.MOOD_WORDS) == set(MOODS)


def test_tempo_words_follow_the_tempo():
    assert [tempo_words(t)[0] for t in (60, 84, 85, 120, 190)] == ["slow", "slow", "mid-tempo", "brisk", "fast"]


def test_articles():
    assert with_article("ambient") == "an ambient" and with_article("rock") == "a rock"


def test_genre_prompts_name_their_genre():
    assert {genre_prompt(g) for g in ("jazz", "ambient")} == {"A jazz track.", "An ambient track."}
    assert len({genre_prompt(g) for g in GENRES}) == len(GENRES)
