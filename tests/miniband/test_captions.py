import re
from collections import Counter
from dataclasses import replace
from hashlib import sha256

import pytest

from miniband import crowd_style, lofi_style, studio_style
from miniband import vocabulary as words
from miniband.attributes import DENSITIES, DRUMS, GENRES, LEADS, MOODS, PRODUCTIONS, draw
from miniband.captions import MENTION, caption, genre_prompt, repeats
from miniband.phrases import with_article
from miniband.randomness import stream
from miniband.vocabulary import tempo_words, words_of

COUNT = 4000
DOMAINS = ("studio", "crowd", "lofi", "general")
LENGTHS = {"studio": (2, 45), "crowd": (4, 70), "lofi": (8, 70), "general": (2, 70)}  # in words
PINNED = {
    "studio": "f9b77267f1ef7fb8ac6a3f3a54edf3465d6a1e95e68b82d56ea1a222f0c33f66",
    "crowd": "af8788a941bae4ce8adefc5b078ee56ac80dec08b5e1295bc22b6119adc13593",
    "lofi": "b80ed6d3e1fafe64bf8712fa26bde1fffac1b3d71444f641be4ac76c765a8201",
    "general": "c40fd1e30093b6bae59601db4e59887a2d683145520bed9cb302d0b02d18603b",
}


@pytest.fixture(scope="module")
def captioned():
    made = {domain: [] for domain in DOMAINS}
    for number in range(COUNT):
        attributes = draw(stream("captioned", number))
        for domain in DOMAINS:
            made[domain].append((attributes, caption(attributes, stream("caption", number), domain)))
    return made


def said(text, synonyms):
    return any(re.search(rf"(?<![\w-]){re.escape(word.lower())}(?![\w-])", text.lower()) for word in synonyms)


def style_of(text):
    openings = {"lofi": lofi_style.OPENINGS, "crowd": crowd_style.OPENINGS}
    for style, frames in openings.items():
        if any(re.match(frame.replace("{}", "an? "), text, re.IGNORECASE) for frame in frames):
            return style
    return "studio"


@pytest.mark.parametrize("domain", DOMAINS)
def test_captions_are_pinned(captioned, domain):
    texts = "\n".join(c.text for _, c in captioned[domain][:200])
    assert sha256(texts.encode()).hexdigest() == PINNED[domain]


@pytest.mark.parametrize("domain", DOMAINS)
def test_captions_are_sentences(captioned, domain):
    for _, c in captioned[domain]:
        assert re.fullmatch(r"[A-Z].+[a-zA-Z]\.", c.text), c.text
        assert not re.search(r"  | [,.;]|[,.;]{2}|[{}]|[,;][^ ]|\.[^ ]", c.text), c.text
        assert all(sentence[0].isupper() for sentence in c.text[:-1].split(". ")), c.text
        low, high = LENGTHS[domain]
        assert low <= len(c.text.split()) <= high, c.text


def test_lofi_captions_have_two_to_four_sentences_and_crowd_captions_speak_in_full_ones(captioned):
    for _, c in captioned["lofi"]:
        assert 2 <= c.text.count(".") <= 4 and "recording" in c.text, c.text
    for _, c in captioned["crowd"]:
        assert re.match(r"(I|I'm|I'd|This|Here|To me this)\b", c.text), c.text
        assert c.text.count(".") <= 4, c.text


@pytest.mark.parametrize("domain", DOMAINS)
def test_articles_fit_what_follows(captioned, domain):
    for _, c in captioned[domain]:
        for article, following in re.findall(r"\b(an?) ([\w-]+)", c.text, flags=re.IGNORECASE):
            vowel = following[0].lower() in "aeiou" or following == "808"
            assert (article.lower() == "an") == vowel, c.text


@pytest.mark.parametrize("domain", DOMAINS)
def test_no_word_is_said_twice(captioned, domain):
    assert not any(repeats(c.text) for _, c in captioned[domain])
    assert repeats("A rock track, rock indeed") and not repeats("A rock track and a piano")


def test_drums_are_denied_where_there_are_none_and_nowhere_else(captioned):
    for domain in DOMAINS:
        for a, c in captioned[domain]:
            silent = re.search(r"\bno (drums|percussion|beat)", c.text, re.IGNORECASE) is not None
            assert silent == ("drums" in c.mentions and a.drums == "none"), c.text


@pytest.mark.parametrize("domain", ["studio", "crowd", "lofi"])
def test_mentions_are_what_the_text_says(captioned, domain):
    """Both ways: what is mentioned occurs, and what is not mentioned does not."""
    values = {"lead": LEADS, "drums": DRUMS, "density": DENSITIES, "production": PRODUCTIONS}
    for a, c in captioned[domain]:
        for name in values:
            table = words_of(domain, name)
            assert said(c.text, table[getattr(a, name)]) == (name in c.mentions), (name, c)
            if name not in c.mentions:
                assert not any(said(c.text, table[value]) for value in values[name]), (name, c)
        moods = (*words_of(domain, "mood")[a.mood], *(crowd_style.FEELINGS[a.mood] if domain == "crowd" else ()))
        assert said(c.text, moods) == ("mood" in c.mentions), c
        assert said(c.text, words.GENRE_WORDS[a.genre]) == ("genre" in c.mentions), c
        if a.second_genre:
            assert said(c.text, words.GENRE_WORDS[a.second_genre]) == ("second_genre" in c.mentions), c
        if "genre" not in c.mentions:
            assert not any(said(c.text, table) for table in words.GENRE_WORDS.values()), c
        assert (f"{a.key} {a.mode}" in c.text) == ("key" in c.mentions) == ("mode" in c.mentions), c
        tempo = f"{a.tempo} BPM" in c.text or said(c.text, tempo_words(a.tempo))
        assert tempo == ("tempo" in c.mentions), c
        assert any(said(c.text, [use]) for use in words.USES[a.mood]) <= ("mood" in c.mentions)


@pytest.mark.parametrize("domain", DOMAINS)
def test_mentions_have_the_stated_frequencies(captioned, domain):
    for name, chance in MENTION.items():
        found = sum(name in c.mentions for _, c in captioned[domain]) / COUNT
        assert abs(found - chance) < 0.03, name


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_caption_depends_on_nothing_but_what_it_mentions(domain):
    """Another track that agrees in what is mentioned gets the same caption from the same stream.

    So p(caption | attributes) is the same for all attributes that agree with the caption, starting again included.
    """
    for number in range(1500):
        one, other = draw(stream("depends", number)), draw(stream("depends", number, "other"))
        first = caption(one, stream("depends", number, "said"), domain)
        shared = {name: getattr(one, name) for name in first.mentions}
        if "genre" in shared:
            shared["second_genre"] = one.second_genre
        if "tempo" in shared and " BPM" not in first.text:
            same = [t for t in range(30, 301) if tempo_words(t) == tempo_words(one.tempo)]
            shared["tempo"] = same[number % len(same)]
        assert caption(replace(other, **shared), stream("depends", number, "said"), domain) == first


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_crossovers_genres_come_in_either_order_alike(domain):
    track = replace(draw(stream("order")), genre="punk", second_genre="jazz")
    said = [caption(track, stream("order", n), domain) for n in range(2000)]
    texts = [c.text.lower() for c in said if "genre" in c.mentions]
    ahead = sum(text.index("punk") < min(text.find(w) % 999 for w in ("jazz", "bebop")) for text in texts)
    assert abs(ahead / len(texts) - 0.5) < 4.5 * 0.5 / len(texts) ** 0.5


def test_general_mixes_the_styles_in_the_stated_shares(captioned):
    counts = Counter(style_of(c.text) for _, c in captioned["general"])
    for style, share in {"studio": 0.2, "crowd": 0.4, "lofi": 0.4}.items():
        assert abs(counts[style] / COUNT - share) < 4.5 * (share * (1 - share) / COUNT) ** 0.5
        assert {style_of(c.text) for _, c in captioned[style]} == {style}


def test_a_strength_leaves_the_style_as_it_is(captioned):
    for number, (attributes, whole) in enumerate(captioned["lofi"][:100]):
        assert caption(attributes, stream("caption", number), "lofi@0.5") == whole


def test_an_unknown_domain_is_refused():
    with pytest.raises(ValueError, match="unknown domain 'moon'"):
        caption(draw(stream(0)), stream(0), "moon")


def test_every_value_has_three_to_five_words_in_every_style():
    values = {"genre": GENRES, "mood": MOODS, "lead": LEADS, "drums": DRUMS, "density": DENSITIES,
              "production": PRODUCTIONS}  # fmt: skip
    for style in ("studio", "crowd", "lofi"):
        for name, known in values.items():
            table = words_of(style, name)
            assert set(table) == set(known) and all(3 <= len(synonyms) <= 5 for synonyms in table.values())
            flat = [word.lower() for synonyms in table.values() for word in synonyms]
            assert len(flat) == len(set(flat))


def test_styles_share_words_and_have_their_own():
    for style in ("crowd", "lofi"):
        for mood, plain in words.MOOD_WORDS.items():
            own = words_of(style, "mood")[mood]
            assert own[0] == plain[0] and set(own) & set(plain) and set(own) - set(plain)
    frames = [set(style.OPENINGS if hasattr(style, "OPENINGS") else style.LED_BY) | set(style.SUITS)
              for style in (studio_style, crowd_style, lofi_style)]  # fmt: skip
    assert not frames[0] & frames[1] and not frames[1] & frames[2] and not frames[0] & frames[2]


def test_tempo_words_follow_the_tempo():
    assert [tempo_words(t)[0] for t in (60, 84, 85, 120, 190)] == ["slow", "slow", "mid-tempo", "brisk", "fast"]


def test_articles():
    assert with_article("ambient") == "an ambient" and with_article("rock") == "a rock"


def test_genre_prompts_name_their_genre():
    assert {genre_prompt(g) for g in ("jazz", "ambient")} == {"A jazz track.", "An ambient track."}
    assert len({genre_prompt(g) for g in GENRES}) == len(GENRES)
