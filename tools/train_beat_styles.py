"""How drummers keep time in many styles: what ``train_beat`` composes with, written for it note by note.

A line is a style: beats a bar, steps a beat, lowest and highest tempo, how far it may swing (0 straight, 1 triplets,
s: the sixteenths), then its voices, each a letter of ``VOICES`` and the patterns of which a piece takes one (``x``
loud, ``o`` soft; they repeat over bars); a voice with a question mark often stays out.
"""

import random
from dataclasses import dataclass

VOICES = {
    "k": 36, "s": 38, "i": 37, "c": 39, "h": 42, "p": 44, "O": 46, "r": 51, "b": 53, "w": 56, "t": 54, "m": 70,
    "v": 75, "1": 76, "2": 77, "g": 62, "G": 63, "L": 64, "B": 60, "T": 45, "U": 48, "z": 73, "a": 67, "y": 81, "n": 69,
    "C": 49, "d": 40, "e": 66,
}  # fmt: skip
_TABLE = """
rock 4 4 76 168 0
 k x.......x....... x.......x.x..... x.x.....x....... x.....x.x....... x..x....x..x.... x.......x.....x.
 s ....x.......x... ....x.......x..o ....x.....o.x...
 h x.o.x.o.x.o.x.o. x.x.x.x.x.x.x.x. x...x...x...x... xooxxooxxooxxoox
 t? ....x.......x... ..x...x...x...x.
ride_rock 4 4 90 160 0
 k x.......x.x..... x.....x.x.....x. x...x...x...x... x.x...x...x.x...
 s ....x.......x...
 r x.o.x.o.x.o.x.o. x...x...x...x...
 p? ....x.......x...
ballad 4 4 50 92 0
 k x.......x....... x......xx....... x.......x.....x. x.....x.x.......
 i? ....x.......x...
 s ....x.......x... ............x...
 h xoxoxoxoxoxoxoxo x.o.x.o.x.o.x.o. xooxxooxxooxxoox x...x...x...x...
ballad_3 4 3 50 88 0
 k x.....x..... x....xx..... x..x..x.....
 s ...x.....x..
 h xooxooxooxoo x.ox.ox.ox.o
slow_3 4 3 96 150 0
 k x.....x..... x....xx..x..
 s ...x.....x..
 r x.ox.ox.ox.o xooxooxooxoo
funk 4 4 80 124 s
 k x.....x...x..x.. x.x....x..x..... x..x..x...x..... x......x..x..x.. x.x.......xx.... x..x.x....x..x..
 s ....x..o.o..x..o ....x..o.o..x... ....x.o..o.xx..o o..ox..o.o..x.o.
 h x.x.x.x.x.x.x.x. xoxoxoxoxoxoxoxo xoxxxoxxxoxxxoxx
 O? ..............x. ......x.........
soul 4 4 76 124 s
 k x..x....x..x.... x.......xx...... x.....x.x....... x...x...x...x...
 s ....x.......x... x...x...x...x...
 h x.x.x.x.x.x.x.x. x.o.x.o.x.o.x.o.
 t? ....x.......x... xoxoxoxoxoxoxoxo
disco_4 4 4 100 132 0
 k x...x...x...x...
 s ....x.......x...
 h xo.xxo.xxo.xxo.x x.o.x.o.x.o.x.o. ooxooooxooooxooo
 O? ..x...x...x...x.
club 4 4 110 150 s
 k x...x...x...x... x...x...x...x.x. x...x...x..xx...
 c? ....x.......x...
 h ..x...x...x...x. ..x..ox...x..ox. xoxoxoxoxoxoxoxo
 m? xoxoxoxoxoxoxoxo o.x.o.x.o.x.o.x.
 i? ...x......x..... ..x..x....x..x..
broken 4 4 84 178 s
 k x.........x..... x..x......x..... x.x.......xx.... x......x..x..... x....x....x..x..
 s ....x.......x... ....x..o.o..x... ....x..o.o....x. ....x..o..x.x..o
 h x.x.x.x.x.x.x.x. x.xxx.x.x.xxx.x. xoxoxoxoxoxoxoxo
half_time 4 4 120 180 0
 k x............... x.....x......... x.........x..x.. x..x..........x. x.....x....x....
 s ........x.......
 h x.x.x.x.x.x.x.x. x...x...x...x... x.x.xxx.x.x.x.xx xooxooxoxooxooxo
two_step 4 4 120 140 s
 k x.........x..... x......x..x..... x..........x.x..
 s ....x.......x...
 h ..x..ox...x..ox. x.xx..x.x.xx..x. o.x.o.xxo.x.o.x.
boom_bap 4 4 78 100 s
 k x.....x...x..... x..x...x..x..... x.x....x..x..... x......x.xx.....
 s ....x.......x...
 h x.x.x.x.x.x.x.x. x.x.xxx.x.x.x.x.
metal 4 4 90 200 0
 k xxxxxxxxxxxxxxxx x.xxx.xxx.xxx.xx x.x.x.x.x.x.x.x. x..x..x.x..x..x.
 s ....x.......x... ........x....... ..x...x...x...x.
 h? x...x...x...x... x.x.x.x.x.x.x.x.
 C? x...x...x...x... x.......x.......
punk 4 2 140 220 0
 k x.xx.x.. x.x.x.x. x..xx..x
 s ..x...x. .x.x.x.x
 h xxxxxxxx x.x.x.x.
country 4 2 90 200 0
 k x...x... x..xx...
 s? ..x...x.
 d oxoxoxox xxoxxxox ooxoooxo
 h? .x.x.x.x
two_beat 2 4 84 132 0
 k x...x... x...x..x x...
 s ..x...x. ..x...xx ..x..xx.
 h? ..x...x. x.x.x.x.
polka 2 2 96 140 0
 k x.x.
 s .x.x
 h? .x.x xxxx
march 2 4 96 126 0
 k x...x... x...
 s x.xxx.x. ..x...xx xxx.xxx. x..xx.x. ..x.x.xx
 C? x....... x...x...
march_6 2 3 88 120 0
 k x..x.. x..
 s x.xx.x xxxx.. ..x..x x..xxx
swing 4 3 96 240 0
 r x..x.ox..x.o x..x.xx..x.x x..x..x..x.o x.ox.ox.ox.o
 p ...x.....x..
 k? x..x..x..x.. ......x..... x.....x..... .....o.....o
 s? .....o.....o ..o..o......
shuffle 4 3 80 170 0
 k x.....x..... x..x..x..x.. x....xx....x
 s ...x.....x.. ..ox.o..ox.o
 h x.ox.ox.ox.o x.xx.xx.xx.x
swung_pop 4 2 80 140 1
 k x...x... x..xx... x...x..x
 s ..x...x.
 h xoxoxoxo xxxxxxxx
bossa 4 2 90 180 0
 v? x..x..x...x..x.. ..x..x..x..x..x.
 i x..x..x...x..x.. x..x..x...x.x... ..x..x..x..x..x.
 k x..xx..x
 h xxxxxxxx xoxoxoxo
 m? xoxoxoxo oxoxoxox
samba 2 4 84 124 0
 k x..xx..x o...x... o..xx..x
 h xooxxoox xoxxxoxx
 m? xooxxoox
 i x.x..x.x x.x.xx.. .x.xx.x. x..x..x.
 a? x.x..x.x.x.xx.x.
son 4 2 80 190 0
 v? x..x..x...x.x... ..x.x...x..x..x. x..x...x..x.x...
 w? x.x.x.x. x.xxx.xx
 g oxo.oxo. o.o.o.o.
 G ......xx ...x..xx .......x
 L? .....x.. ..x..x..
 k? ...x..x. ...x.... x..x..x.
 m? xoxoxoxo
cha 4 2 100 132 0
 w x.x.x.x. x...x...
 z? x.xxx.xx
 G ......xx
 k? x...x... ...x..x.
 e? ......xx x.......
mambo 4 2 150 210 0
 w x.xx.xxx.xx.x.xx x.x.xxx.x.x.xxx.
 G ......xx ..x...xx
 k? ...x..x.
 v? x..x..x...x.x...
calypso 4 4 84 124 0
 k x...x...x...x... x.....x.x.....x.
 s ...x..x....x..x. ......x.......x.
 h x.xxx.xxx.xxx.xx ..x...x...x...x.
beguine 4 2 92 130 0
 k x...x... x..xx...
 i .xxxx.x. .x.xx.x.
 m? xxxxxxxx
tango 4 2 100 132 0
 s x.x.x.xx ......xx x.x.x.x.
 k x.x.x.x. x..xx... x..x..x.
habanera 2 4 56 84 0
 k x..xx.x. x..x..x.
 t? x..xx.x. x.x.x.x.
reggae 4 4 64 92 s
 k ........x....... x.......x....... x...x...x...x...
 i ........x....... ....x.......x...
 h x.x.x.x.x.x.x.x. ..x...x...x...x. x.xxx.xxx.xxx.xx
reggae_2 4 2 124 168 1
 k ....x... x...x...
 i ....x...
 h xxxxxxxx .x.x.x.x
ska 4 2 112 176 0
 k x.x.x.x. x...x...
 s ..x...x.
 h .x.x.x.x xxxxxxxx
train_brush 4 4 90 130 0
 d ooxoooxoooxoooxo xooxooxoxooxooxo
 k x.......x....... x...x...x...x...
waltz 3 2 84 200 0
 k x.....
 s ..x.x. ..x...
 h? ..x.x. x.x.x.
waltz_ride 3 3 100 190 0
 r x..x.ox.. x..x.ox.o x..x..x.o
 p ...x..... ......x..
 k? x........ x....o...
waltz_slow 3 4 60 110 0
 k x........... x.......x...
 s ........x... ....x...x... ....x.......
 h x.o.x.o.x.o. x...x...x...
three_rock 3 4 84 150 0
 k x.........x. x.....x..... x..x........
 s ........x... ....x...x...
 h x.x.x.x.x.x. xoxoxoxoxoxo
six_slow 2 3 44 76 0
 k x..... x....x x..... x..o..
 s ...x..
 h xooxoo xxxxxx x.xx.x
jig 2 3 88 132 0
 k? x..x.. x.....
 B? xooxoo x.ox.o xoxxox
 t? x..x.. x.xx.x
six_africa 4 3 80 140 0
 a x.x.xx.x.x.x x.xx.x.xx.x.
 k? x.....x..... x..x..x..x..
 G oxxoxxoxxoxx ..x..x..x..x
 m? xooxooxooxoo
blues_12 4 3 50 84 0
 k x.....x..... x....xx....x
 s ...x.....x..
 h xxxxxxxxxxxx x.xx.xx.xx.x xooxooxooxoo
five 5 2 90 180 0
 k x.....x... x..x..x...
 s ....x...x. ..x.....x.
 r xxxxxxxxxx x.xxx.x.xx
"""


@dataclass(frozen=True)
class Style:
    """Beats a bar, steps a beat, tempi, swing, and the patterns of each drum (pitch, often out, patterns)."""

    name: str
    beats: int
    steps: int
    bpm: tuple[float, float]
    swing: str
    voices: tuple[tuple[int, bool, tuple[str, ...]], ...]


def _read() -> dict[str, Style]:
    out = {}
    for block in _TABLE.strip().replace("\n ", "\r").split("\n"):
        head, *lines = block.split("\r")
        name, beats, steps, low, high, swing = head.split()
        voices = []
        for line in lines:
            voice, *patterns = line.split()
            voices.append((VOICES[voice[0]], voice.endswith("?"), tuple(patterns)))
        out[name] = Style(name, int(beats), int(steps), (float(low), float(high)), swing, tuple(voices))
    return out


STYLES = _read()


def part(style: Style, rng: random.Random) -> dict[int, str]:
    """The patterns that one piece plays: pitch to pattern."""
    return {pitch: rng.choice(patterns) for pitch, maybe, patterns in style.voices
            if not maybe or rng.random() < 0.5}  # fmt: skip
