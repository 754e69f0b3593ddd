"""What each style of electronic music plays: sixteen steps a bar for each voice, x loud, o soft."""

from dataclasses import dataclass

NAMED = {
    "four": "x...x...x...x...",
    "back": "....x.......x...",
    "off": "..x...x...x...x.",
    "eighths": "x.o.x.o.x.o.x.o.",
    "sixteenths": "xooxxooxxooxxoox",
    "none": "................",
    "hold": "x...............",
}


@dataclass(frozen=True)
class Style:
    """Patterns, or names of patterns, of which a variant plays one; the tempi that suit; and how it is played.

    ``clap``: mostly a clap where others have a snare; ``swing``: share of a sixteenth; ``vamp``: one chord all through;
    ``extra``: what joins in every second four bars.
    """

    bpm: tuple[float, float]
    kick: str
    snare: str
    hat: str
    bass: str
    stab: str
    clap: bool = False
    swing: float = 0.0
    jazz: bool = False
    vamp: bool = False
    extra: str = "none"

    def of(self, voice: str) -> list[str]:
        """The patterns of a voice, written out."""
        return [NAMED.get(p, p) for p in getattr(self, voice).split()]


STYLES = {
    "house": Style(
        (118, 128),
        "four",
        "back",
        "off ..x...x...x..ox. sixteenths",
        "off x..x..x...x.x... x.....x.x..x....",
        "...x..x....x..x. off x..x..x.....x...",
        clap=True, swing=0.08, extra="shaker",
    ),
    "deep house": Style(
        (116, 124),
        "four",
        "back",
        "off",
        "x..x....x..x..o. x.....x...x.....",
        "..x..x....x..x.. x..x..x..x..x...",
        clap=True, swing=0.12, jazz=True, extra="rim shaker",
    ),
    "techno": Style(
        (126, 146),
        "four",
        "none back",
        "off ..x...x...x.o.x.",
        "..xx..xx..xx..xx x.xx.xx.x.xx.xx. .xxx.xxx.xxx.xxx",
        "...x.......x.... ......x.......x. ...x..x..x..x..x",
        clap=True, vamp=True, extra="ride tom none",
    ),
    "trance": Style(
        (130, 142),
        "four",
        "back",
        "off",
        "off .xxx.xxx.xxx.xxx",
        "x..x..x..x..x.x. x.x.x.x.x.x.x.x.",
        clap=True, extra="ride none",
    ),
    "disco": Style(
        (108, 124),
        "four",
        "back",
        "off sixteenths",
        "x.x.x.x.x.x.x.x. x..xx..xx..xx..x",
        "off x..x..x.x..x..x.",
        extra="cowbell shaker",
    ),
    "electro": Style(
        (118, 134),
        "x.....x...x..... x..x......x..x.. x.....xx..x.....",
        "back",
        "eighths sixteenths",
        "x..x..x.x..x..x. x.xx..x.x.xx..x.",
        "x..x..x.....x... none",
        clap=True, extra="cowbell none",
    ),
    "breakbeat": Style(
        (122, 140),
        "x.........x..... x.x.......x..x.. x......x..x.....",
        "....x..o.o..x... ....x.......x..o",
        "eighths x.x.x.x.x.x.x.x.",
        "x.....x...x..... x..x..x...x..x..",
        "x.......x....... ...x..x.......x.",
        swing=0.06, extra="ride none",
    ),
    "drum and bass": Style(
        (168, 175),
        "x.........x..... x.x.......x..... x.........xx....",
        "back ....x..o.o..x..o",
        "eighths x.xxx.x.x.xxx.x.",
        "x.......x..x.... hold x..x..x.x..x..x.",
        "hold x.....x......... ......x.......x.",
        extra="ride shaker none",
    ),
    "jungle": Style(
        (158, 170),
        "x.x.......xx.... x..x......x..x..",
        "....x..o.o..x..o ....x..o..o.x.ox",
        "eighths",
        "x.....x..x...... x...........x...",
        "hold",
        swing=0.05, extra="ride rim",
    ),
    "dubstep": Style(
        (138, 142),
        "x.........x..... x.....x......... x..x............",
        "........x.......",
        "x..ox.o.x..ox.o. eighths",
        "x..x..x.x..x..x. x.xxx.xx..x.x.xx x..........x....",
        "hold",
        extra="none rim",
    ),
    "hip hop": Style(
        (82, 98),
        "x.....x...x..... x..x...x..x..... x......x.xx.....",
        "back",
        "eighths x.x.x.xxx.x.x.x.",
        "x.....x...x..... x..x......x..x..",
        "hold ..x..x....x..x..",
        swing=0.16, jazz=True, extra="none shaker",
    ),
    "trap": Style(
        (132, 150),
        "x.....x...x..... x.........x..x.. x..x......x.....",
        "........x.......",
        "x.x.x.x.x.x.x.x. x.x.xxx.x.x.x.xx",
        "x.....x...x..... x.........x.....",
        "hold",
        clap=True,
    ),
    "garage": Style(
        (128, 136),
        "x.........x..... x......x..x..... x..........x....",
        "back",
        "..x.x.x...x..xx. o.x..ox.o.x..ox.",
        "x..x......x..x.. x.....xx..x.....",
        "..x..x....x..x.. x..x..x..x......",
        clap=True, swing=0.16, jazz=True, extra="rim shaker",
    ),
    "synthwave": Style(
        (90, 118),
        "four x.......x....... x.....x.x.......",
        "back",
        "eighths sixteenths",
        "x.x.x.x.x.x.x.x. xoxoxoxoxoxoxoxo",
        "hold x.....x...x.....",
        extra="tom none",
    ),
    "downtempo": Style(
        (86, 104),
        "x.....x...x..... x.........x..... x..x....x.x.....",
        "back ....x..o....x...",
        "eighths off",
        "x.....x.....x... x..........x....",
        "x.......x.......",
        swing=0.1, jazz=True, extra="shaker rim",
    ),
    "hardstyle": Style(
        (148, 156),
        "four",
        "back none",
        "off",
        "off .xxx.xxx.xxx.xxx",
        "x..x..x..x..x.x. x.x.x.x.x.x.x.x.",
        clap=True, extra="ride none",
    ),
}
