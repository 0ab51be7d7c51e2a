"""What the pictures can show, and which genres and moods that points to.

A clear picture's motif belongs to one genre, a two-genre picture's to two unlike ones, a vague picture's to
four of different families. In each tier the subjects share the genres out among themselves.
"""

from dataclasses import dataclass

from miniband.attributes import FAMILIES


@dataclass(frozen=True)
class Subject:
    """A motif, the palette that goes with it, and the genres it stands for."""

    tier: str
    genres: tuple[str, ...]
    palette: str
    words: tuple[str, ...]


TIERS = ("clear", "two-genre", "vague")
FAMILY_PALETTES = {
    "rock": "ember",
    "dance": "candy",
    "groove": "retro",
    "jazz": "ink",
    "roots": "meadow",
    "art": "marble",
}


def _clear(genre: str, *words: str) -> Subject:
    return Subject("clear", (genre,), FAMILY_PALETTES[FAMILIES[genre]], words)


SUBJECTS = {
    "lightning bolt": _clear("rock", "a lightning bolt", "a single flash of lightning", "a jagged bolt"),
    "torn cross": _clear("punk", "a torn poster", "a crossed-out square", "a ripped, crossed sheet"),
    "skull": _clear("metal", "a skull", "a grinning skull", "a pale death's head"),
    "heart": _clear("pop", "a heart", "a big paper heart", "a plump heart shape"),
    "mirror ball": _clear("disco", "a mirror ball", "a glittering ball", "a globe of little mirrors"),
    "skyline": _clear("house", "a city skyline", "towers with lit windows", "a row of high-rises"),
    "sunburst flower": _clear("funk", "a huge flower", "a flower with fat petals", "a daisy like a wheel"),
    "crown": _clear("hip hop", "a crown on bricks", "a crown sprayed on a wall", "a brick wall with a crown"),
    "palm": _clear("reggae", "a palm tree", "a leaning palm", "a palm over stripes"),
    "cocktail glass": _clear("jazz", "a cocktail glass", "a martini glass", "a glass with an olive"),
    "railway": _clear("blues", "a railway line", "railway tracks to the horizon", "rails and sleepers"),
    "promenade waves": _clear("bossa nova", "a wavy pavement", "wavy stripes below a hill", "a promenade of waves"),
    "lone tree": _clear("folk", "a lone tree", "a tree on a hill", "a round old tree"),
    "wagon wheel": _clear("country", "a wagon wheel", "an old cart wheel", "a wooden wheel with spokes"),
    "temple": _clear("classical", "a temple with columns", "a row of columns", "a columned portico"),
    "ripples": _clear("ambient", "rings on water", "ripples spreading", "circles within circles"),
    "open road": Subject("two-genre", ("rock", "country"), "asphalt",
                         ("an open road", "a road to the horizon", "an empty highway")),
    "wire fence": Subject("two-genre", ("punk", "hip hop"), "asphalt",
                          ("a wire fence", "a chain-link fence", "crossed wires")),
    "arch window": Subject("two-genre", ("metal", "classical"), "stained glass",
                           ("an arched window", "a church window", "a pointed window")),
    "ice lolly": Subject("two-genre", ("pop", "reggae"), "sorbet",
                         ("an ice lolly", "a melting ice cream on a stick", "an icicle-cold treat on a stick")),
    "spotlights": Subject("two-genre", ("disco", "jazz"), "stained glass",
                          ("two spotlights", "beams of stage light", "crossing spotlights")),
    "square tunnel": Subject("two-genre", ("house", "ambient"), "lagoon",
                             ("a tunnel of squares", "nested squares", "a square corridor")),
    "old car": Subject("two-genre", ("funk", "blues"), "sorbet",
                       ("an old car", "a long sedan", "a vintage automobile")),
    "sailing boat": Subject("two-genre", ("folk", "bossa nova"), "lagoon",
                            ("a sailing boat", "a little boat with a sail", "a boat on still water")),
    "window": Subject("vague", ("rock", "jazz", "classical", "hip hop"), "plaster",
                      ("a bare window", "a window in an empty room", "four panes of glass")),
    "hills": Subject("vague", ("metal", "folk", "house", "bossa nova"), "dusk",
                     ("rows of hills", "layered hills", "ridges one behind another")),
    "clouds": Subject("vague", ("punk", "reggae", "ambient", "pop"), "dusk",
                      ("drifting clouds", "a cloudy sky", "some rounded clouds")),
    "bokeh": Subject("vague", ("disco", "country", "blues", "funk"), "plaster",
                     ("blurred lights", "soft discs of light", "out-of-focus lamps")),
}  # fmt: skip

# palette -> ((sky, ground, main, accent) as RGB, words)
PALETTES = {
    "ember": (((52, 18, 20), (128, 26, 22), (244, 198, 66), (18, 12, 14)),
        ("black, red and gold", "red and yellow", "fiery colours")),
    "candy": (((255, 128, 190), (122, 74, 214), (255, 240, 120), (44, 22, 92)),
        ("pink and violet", "candy colours", "pink, purple and lemon")),
    "retro": (((242, 176, 56), (206, 84, 36), (46, 128, 92), (252, 236, 200)),
        ("orange, green and cream", "retro oranges", "orange and leaf green")),
    "ink": (((18, 34, 84), (40, 88, 150), (236, 226, 206), (212, 150, 62)),
        ("deep blue and ivory", "ink blue with brass", "blue and cream")),
    "meadow": (((176, 212, 190), (112, 148, 62), (98, 62, 36), (236, 220, 160)),
        ("green and brown", "meadow greens", "earth and grass colours")),
    "marble": (((214, 214, 222), (150, 158, 178), (250, 248, 242), (92, 82, 112)),
        ("white and grey", "pale stone colours", "silver and marble white")),
    "asphalt": (((110, 118, 128), (54, 56, 62), (226, 106, 44), (238, 238, 226)),
        ("grey and rust", "asphalt grey with orange", "concrete colours")),
    "stained glass": (((48, 20, 84), (20, 12, 44), (198, 44, 92), (70, 190, 196)),
        ("purple, crimson and teal", "stained-glass colours", "jewel colours")),
    "sorbet": (((255, 214, 170), (250, 150, 130), (88, 196, 180), (200, 54, 84)),
        ("peach and mint", "sorbet colours", "peach, mint and raspberry")),
    "lagoon": (((120, 216, 220), (22, 110, 146), (248, 250, 236), (14, 52, 84)),
        ("turquoise and white", "lagoon tones", "aqua and navy")),
    "plaster": (((226, 206, 186), (190, 166, 150), (150, 122, 112), (244, 234, 222)),
        ("beige and clay", "plaster colours", "sand and taupe")),
    "dusk": (((206, 172, 196), (138, 128, 172), (92, 92, 138), (240, 206, 190)),
        ("lilac and slate", "dusky colours", "mauve and grey-blue")),
}  # fmt: skip

# light -> (the mood it shows, words)
LIGHTS = {
    "sunshine": ("happy", ("bright sunshine", "a beaming sun", "noon sun")),
    "morning": ("calm", ("pale morning light", "an even, quiet light", "soft daylight")),
    "rain": ("sad", ("grey rain", "a rainy light", "falling rain")),
    "flash": ("energetic", ("a burst of rays", "a hard flash", "speed lines")),
    "night": ("dark", ("deep night", "almost no light", "moonless shadow")),
    "glow": ("dreamy", ("a rosy glow", "a halo of haze", "glowing mist")),
}

# how sharp (0), soft (1) or blurred (2) a mood's pictures are
BLURS = {
    "happy": (0.7, 0.25, 0.05), "calm": (0.4, 0.4, 0.2), "sad": (0.35, 0.4, 0.25),
    "energetic": (0.8, 0.15, 0.05), "dark": (0.55, 0.3, 0.15), "dreamy": (0.1, 0.35, 0.55),
}  # fmt: skip
BLUR_WORDS = ("sharp", "slightly soft", "blurred")
