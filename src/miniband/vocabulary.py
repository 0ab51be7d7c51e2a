"""The words of the music captions: three to five for every value; the first is the plain one.

All styles share them, but for the moods and leads of OWN_WORDS. No word of a value is a word of another value of the
same attribute in any style, so that what a caption says can be read off it.
"""

GENRE_WORDS = {
    "rock": ("rock", "classic rock", "indie rock", "arena rock"),
    "punk": ("punk", "punk rock", "hardcore punk", "skate punk"),
    "metal": ("metal", "heavy metal", "thrash", "headbanging metal"),
    "pop": ("pop", "chart pop", "radio pop", "mainstream pop"),
    "disco": ("disco", "seventies disco", "dance-floor disco", "mirror-ball disco"),
    "house": ("house", "deep house", "club house", "four-to-the-floor house"),
    "funk": ("funk", "street funk", "old-school funk", "soulful funk"),
    "hip hop": ("hip hop", "hip-hop", "rap", "boom-bap"),
    "reggae": ("reggae", "roots reggae", "dub reggae", "Jamaican"),
    "jazz": ("jazz", "swing jazz", "small-combo jazz", "bebop"),
    "blues": ("blues", "twelve-bar blues", "Delta blues", "Chicago blues"),
    "bossa nova": ("bossa nova", "bossa", "Brazilian lounge", "Rio-style"),
    "folk": ("folk", "fireside folk", "singer-songwriter", "traditional folk"),
    "country": ("country", "Nashville", "western", "Americana"),
    "classical": ("classical", "chamber", "orchestral", "concert-hall"),
    "ambient": ("ambient", "atmospheric", "soundscape", "new-age ambient"),
}

MOOD_WORDS = {
    "happy": ("happy", "cheerful", "joyful", "sunny", "feel-good"),
    "calm": ("calm", "relaxed", "peaceful", "gentle", "soothing"),
    "sad": ("sad", "melancholic", "wistful", "heartbroken", "sorrowful"),
    "energetic": ("energetic", "high-energy", "driving", "exciting", "powerful"),
    "dark": ("dark", "brooding", "menacing", "ominous", "sinister"),
    "dreamy": ("dreamy", "floating", "otherworldly", "hazy", "ethereal"),
}

# up to this tempo in BPM: words before the noun
SLOWEST = 30
TEMPO_WORDS = (
    (84, ("slow", "unhurried", "slow-moving", "slow-paced")),
    (112, ("mid-tempo", "medium-paced", "moderate", "walking-pace")),
    (138, ("brisk", "lively", "upbeat", "quick")),
    (300, ("fast", "fast-paced", "rapid", "racing")),
)

LEAD_WORDS = {
    "piano": ("piano", "grand piano", "acoustic piano"),
    "electric piano": ("electric piano", "Rhodes", "e-piano"),
    "vibraphone": ("vibraphone", "set of vibes", "mallet melody"),
    "organ": ("organ", "Hammond organ", "electric organ"),
    "accordion": ("accordion", "squeezebox", "button accordion"),
    "harmonica": ("harmonica", "diatonic harmonica", "mouth organ"),
    "nylon guitar": ("nylon-string guitar", "Spanish guitar", "nylon guitar"),
    "acoustic guitar": ("acoustic guitar", "steel-string guitar", "unplugged guitar"),
    "electric guitar": ("electric guitar", "clean electric guitar", "twangy guitar"),
    "distorted guitar": ("distorted guitar", "overdriven guitar", "fuzzy guitar"),
    "banjo": ("banjo", "five-string banjo", "picked banjo"),
    "violin": ("violin", "fiddle", "solo violin"),
    "cello": ("cello", "solo cello", "bowed cello"),
    "trumpet": ("trumpet", "brassy trumpet", "solo trumpet"),
    "trombone": ("trombone", "slide trombone", "solo trombone"),
    "saxophone": ("saxophone", "sax", "tenor sax"),
    "clarinet": ("clarinet", "woody clarinet", "solo clarinet"),
    "flute": ("flute", "breathy flute", "silvery flute"),
    "choir": ("choir", "wordless choir", "chorus of voices"),
    "synth lead": ("synth lead", "synthesizer", "analogue synth"),
}

DRUM_WORDS = {
    "acoustic kit": ("an acoustic drum kit", "live drums", "a natural drum set"),
    "power kit": ("pounding drums", "a big drum kit", "heavy drums"),
    "electronic kit": ("electronic drums", "programmed drums", "synthetic drums"),
    "drum machine": ("a drum machine", "machine beats", "an 808 beat"),
    "jazz kit": ("a light drum kit", "crisp cymbals", "a ride cymbal"),
    "brushes": ("brushed drums", "soft brushes", "brushes on the snare"),
    "hand percussion": ("hand percussion", "congas and shakers", "hand drums"),
    "none": ("no drums", "no percussion", "no beat at all"),
}

DENSITY_WORDS = {
    "sparse": ("a sparse arrangement", "a stripped-back arrangement", "plenty of empty space"),
    "medium": ("a balanced arrangement", "an uncluttered arrangement", "an even texture"),
    "dense": ("a dense arrangement", "a busy arrangement", "many layers"),
}

PRODUCTION_WORDS = {
    "dry": ("a dry sound", "a close, dry mix", "an intimate mix"),
    "bright": ("a bright sound", "a crisp, bright mix", "a sparkling mix"),
    "warm": ("a warm sound", "a warm, rounded mix", "a mellow mix"),
    "spacious": ("a spacious sound", "long reverb", "a wide, roomy mix"),
}

# said only where the mood is said as well, because they give it away
USES = {
    "happy": ("family videos", "holiday adverts", "summer campaigns", "children's shows"),
    "calm": ("meditation apps", "spa visits", "product demos", "bedtime stories"),
    "sad": ("drama scenes", "farewell scenes", "charity films", "documentaries"),
    "energetic": ("sports reels", "workout playlists", "action trailers", "game shows"),
    "dark": ("crime series", "thrillers", "horror games", "mystery podcasts"),
    "dreamy": ("fantasy films", "fashion films", "time-lapse footage", "night skies"),
}

SHARED_WORDS = {"genre": GENRE_WORDS, "mood": MOOD_WORDS, "lead": LEAD_WORDS, "drums": DRUM_WORDS,
                "density": DENSITY_WORDS, "production": PRODUCTION_WORDS}  # fmt: skip

# style -> attribute -> the words that this style has in place of the shared ones
OWN_WORDS = {
    "crowd": {
        "mood": {
            "happy": ("happy", "cheerful", "joyful", "cheery", "fun"),
            "calm": ("calm", "relaxed", "peaceful", "chill", "laid-back"),
            "sad": ("sad", "wistful", "heartbroken", "tearful", "heavy-hearted"),
            "energetic": ("energetic", "exciting", "powerful", "wild", "pumped-up"),
            "dark": ("dark", "menacing", "sinister", "creepy", "spooky"),
            "dreamy": ("dreamy", "hazy", "ethereal", "trippy", "spacey"),
        },
    },
    "lofi": {
        "mood": {
            "happy": ("happy", "cheerful", "joyful", "uplifting", "jolly"),
            "calm": ("calm", "peaceful", "soothing", "tranquil", "serene"),
            "sad": ("sad", "melancholic", "sorrowful", "mournful", "plaintive"),
            "energetic": ("energetic", "high-energy", "exciting", "vigorous", "spirited"),
            "dark": ("dark", "brooding", "ominous", "eerie", "grim"),
            "dreamy": ("dreamy", "otherworldly", "ethereal", "surreal", "celestial"),
        },
        "lead": {
            "piano": ("piano", "acoustic piano", "upright piano"),
            "electric piano": ("electric piano", "Rhodes", "Wurlitzer"),
            "vibraphone": ("vibraphone", "set of vibes", "mallet instrument"),
            "organ": ("organ", "Hammond organ", "drawbar organ"),
            "accordion": ("accordion", "button accordion", "bellows accordion"),
            "harmonica": ("harmonica", "mouth organ", "wailing harmonica"),
            "nylon guitar": ("nylon guitar", "Spanish guitar", "gut-string guitar"),
            "acoustic guitar": ("acoustic guitar", "steel-string guitar", "wooden guitar"),
            "electric guitar": ("electric guitar", "clean electric guitar", "amplified guitar"),
            "distorted guitar": ("distorted guitar", "overdriven guitar", "gritty guitar"),
            "banjo": ("banjo", "picked banjo", "plucked banjo"),
            "violin": ("violin", "fiddle", "bowed violin"),
            "cello": ("cello", "bowed cello", "deep cello"),
            "trumpet": ("trumpet", "brassy trumpet", "blaring trumpet"),
            "trombone": ("trombone", "slide trombone", "smooth trombone"),
            "saxophone": ("saxophone", "tenor sax", "reedy saxophone"),
            "clarinet": ("clarinet", "woody clarinet", "reedy clarinet"),
            "flute": ("flute", "breathy flute", "airy flute"),
            "choir": ("choir", "wordless choir", "vocal ensemble"),
            "synth lead": ("synth lead", "synthesizer", "buzzing synth"),
        },
    },
}


def words_of(style: str, name: str) -> dict[str, tuple[str, ...]]:
    """The words of every value of an attribute in a style."""
    return OWN_WORDS.get(style, {}).get(name, SHARED_WORDS[name])


def tempo_words(tempo: int) -> tuple[str, ...]:
    """The words for a tempo in BPM."""
    return next(found for limit, found in TEMPO_WORDS if tempo <= limit)
