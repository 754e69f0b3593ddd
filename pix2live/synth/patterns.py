"""What a hand has written: rhythms, contours, bass lines, grooves and forms, as tables that the players read.

A bar has sixteen steps. Tables are numpy arrays made once at import, and constants to the kernels.
"""

import numpy as np
from numpy.typing import NDArray

STEPS = 16
STYLES = ("ambient", "chamber", "minimal", "pulse")
AMBIENT, CHAMBER, MINIMAL, PULSE = range(4)
PARTS = ("pad", "bass", "arp", "melody", "bells", "drums")
PAD, BASS, ARP, MELODY, BELLS, DRUMS = range(6)

BARS_PER_CHORD = np.array([2, 1, 2, 1])
CLINGING = np.array([1.5, 0.7, 0.8, 0.3])
"""How much a style prefers chords that share tones."""
NEVER = 9.0
ENTRY = np.array([  # intensity from which a part of a style plays: pad, bass, arp, melody, bells, drums
    [0.0, 0.36, 0.52, 0.44, 0.0, NEVER],
    [0.3, 0.2, 0.0, 0.36, 0.72, NEVER],
    [0.42, 0.3, 0.0, 0.62, 0.55, 0.66],
    [0.0, 0.25, 0.2, 0.64, 0.8, 0.34],
])  # fmt: skip

# The form of a movement: which theme (0 home, 1 contrast, 2 break) and how intense, for each section of eight bars.
SECTION_BARS = 8
SECTIONS = 8
THEMES = np.array([
    [0, 0, 1, 0, 2, 1, 0, 0],
    [0, 1, 0, 2, 1, 0, 0, 2],
    [0, 0, 2, 1, 1, 0, 2, 0],
    [2, 0, 1, 0, 2, 0, 1, 0],
])  # fmt: skip
INTENSITY = np.array([
    [0.45, 0.62, 0.74, 0.86, 0.30, 0.72, 1.00, 0.55],
    [0.48, 0.66, 0.78, 0.36, 0.80, 0.95, 0.70, 0.30],
    [0.52, 0.70, 0.38, 0.70, 0.88, 1.00, 0.40, 0.62],
    [0.40, 0.58, 0.80, 0.66, 0.34, 0.80, 1.00, 0.50],
])  # fmt: skip
STEADY_INTENSITY = 0.68
"""Without form, everything stays here."""
MODULATIONS = np.array([0, 1, -1, 0, 3, -3, 2, 0])
"""Steps round the circle of fifths that a movement may stand away from home."""

# Melody: onset step and length of each note of a bar.
_CELLS = (
    ((0, 12),),
    ((0, 8), (8, 6)),
    ((0, 6), (6, 2), (8, 8)),
    ((0, 4), (4, 4), (8, 8)),
    ((0, 6), (6, 6), (12, 4)),
    ((0, 3), (3, 3), (6, 4), (10, 2), (12, 4)),
    ((4, 4), (8, 4), (12, 4)),
    ((0, 2), (2, 2), (4, 4), (8, 6), (14, 2)),
    ((0, 4), (4, 2), (6, 2), (8, 4), (12, 4)),
    ((2, 2), (4, 4), (8, 2), (10, 6)),
    ((0, 8), (8, 2), (10, 2), (12, 4)),
    ((3, 3), (6, 2), (8, 3), (11, 5)),
    ((0, 2), (2, 2), (4, 2), (6, 2), (8, 8)),
    ((0, 3), (3, 3), (6, 3), (9, 3), (12, 4)),
)
CELL_NOTES = 5
CELLS: NDArray[np.int64] = np.full((len(_CELLS), CELL_NOTES, 2), -1, np.int64)
for _i, _cell in enumerate(_CELLS):
    CELLS[_i, : len(_cell)] = _cell
STYLE_CELLS = np.array([[0, 1, 2, 1, 3, 6], [2, 3, 7, 8, 10, 12], [4, 5, 8, 12, 13, 4], [4, 5, 9, 11, 13, 7]])
CONTOURS = np.array([  # steps of the scale from the first note
    [0, 1, 2, 4, 2], [4, 2, 1, 0, 1], [0, 2, 1, 3, 2], [0, -1, 0, 2, 4], [2, 1, 0, -1, 0], [0, 4, 3, 2, 1],
    [0, 1, 0, -2, 0], [0, 2, 4, 5, 4], [0, 0, 2, 1, 0], [0, 3, 2, 1, 2], [0, -3, -2, -1, 0], [4, 5, 4, 2, 0],
])  # fmt: skip
# What becomes of the motif in each of the eight bars of a period.
REST, STATE, UP, DOWN, INVERT, FRAGMENT, HALF_CADENCE, CADENCE, ECHO = range(9)
PERIODS = np.array([
    [STATE, UP, FRAGMENT, HALF_CADENCE, STATE, UP, INVERT, CADENCE],
    [STATE, REST, UP, HALF_CADENCE, STATE, REST, DOWN, CADENCE],
    [STATE, DOWN, STATE, HALF_CADENCE, STATE, DOWN, FRAGMENT, CADENCE],
    [STATE, ECHO, UP, ECHO, STATE, ECHO, DOWN, CADENCE],
    [REST, STATE, REST, HALF_CADENCE, REST, STATE, INVERT, CADENCE],
    [STATE, UP, DOWN, REST, INVERT, DOWN, UP, CADENCE],
])  # fmt: skip
STYLE_PERIODS = np.array([[1, 3, 4, 1], [0, 1, 2, 5], [2, 3, 1, 3], [0, 2, 1, 3]])

# Arpeggios: which tone of the chord, laid out upwards, comes next.
ORDERS = np.array([
    [0, 1, 2, 3, 4, 3, 2, 1], [0, 2, 1, 3, 2, 4, 3, 1], [0, 2, 4, 1, 3, 5, 2, 4], [4, 3, 2, 1, 0, 1, 2, 3],
    [0, 3, 1, 4, 2, 3, 1, 2], [0, 1, 3, 2, 5, 3, 4, 1],
])  # fmt: skip
ORDER_LENGTHS = np.array([8, 6, 8, 8, 5, 7])
"""An order shorter than a bar's pulses shifts against the bar, and so comes round changed."""

# Bass: step, length, tone (0 root, 1 fifth, 2 octave, 3 towards the next root), velocity.
ROOT, FIFTH, OCTAVE, APPROACH = range(4)
_BASS_LINES = (
    ((0, 16, ROOT, 0.8),),
    ((0, 10, ROOT, 0.8), (10, 6, FIFTH, 0.6)),
    ((0, 8, ROOT, 0.85), (8, 8, FIFTH, 0.7)),
    ((0, 4, ROOT, 0.9), (6, 2, FIFTH, 0.6), (8, 4, OCTAVE, 0.7), (12, 4, APPROACH, 0.65)),
    ((0, 3, ROOT, 0.9), (3, 3, ROOT, 0.7), (6, 4, FIFTH, 0.7), (10, 6, ROOT, 0.75)),
    ((0, 2, ROOT, 0.9), (4, 2, ROOT, 0.75), (8, 2, ROOT, 0.85), (12, 2, ROOT, 0.75)),
    ((2, 2, ROOT, 0.9), (6, 2, ROOT, 0.85), (10, 2, ROOT, 0.9), (14, 2, ROOT, 0.85)),
    ((0, 2, ROOT, 0.95), (3, 2, ROOT, 0.75), (6, 2, OCTAVE, 0.7), (8, 2, ROOT, 0.85), (11, 2, FIFTH, 0.7),
     (14, 2, OCTAVE, 0.75)),
    ((0, 2, ROOT, 0.95), (2, 2, ROOT, 0.6), (4, 2, OCTAVE, 0.7), (6, 2, ROOT, 0.75), (8, 2, ROOT, 0.9),
     (10, 2, ROOT, 0.6), (12, 2, OCTAVE, 0.7), (14, 2, FIFTH, 0.75)),
)
BASS_NOTES = 8
BASS_LINES: NDArray[np.float64] = np.full((len(_BASS_LINES), BASS_NOTES, 4), -1.0)
for _i, _line in enumerate(_BASS_LINES):
    BASS_LINES[_i, : len(_line)] = _line
STYLE_BASS = np.array([[0, 0, 1, 1], [0, 2, 3, 3], [0, 4, 4, 2], [5, 6, 7, 8]])
"""Four lines a style, from plain to busy."""

# Drums. A letter is a stroke: X loud, x middling, o soft, - a ghost that only a dense picture brings out.
HITS = ("kick", "snare", "clap", "hat", "open", "shaker", "wood", "tom", "crash")
KICK, SNARE, CLAP, HAT, OPEN, SHAKER, WOOD, TOM, CRASH = range(9)
GENERAL_MIDI = np.array([36, 38, 39, 42, 46, 82, 76, 45, 49])
"""Notes of these drums on MIDI channel 10."""
ROWS = 7
_STROKES = {"X": 1.0, "x": 0.72, "o": 0.46, "-": 0.24, ".": 0.0}
_GROOVES = (  # kick, snare, clap, hat, open, shaker, wood
    ("X...X...X...X...", "...............-", "....X.......X...", "-.x.-.x.-.x.-.x.", "..............o.",
     "x-o-x-o-x-o-x-o-", "...o......o....."),
    ("X...X...X...X..o", ".......-.-......", "....X.......X...", "x-o-x-o-x-o-x-o-", "..x...x...x...x.",
     "o-x-o-x-o-x-o-x-", "......o......o.."),
    ("X.....x...x.....", "....X..-.-..X..-", "............o...", "x-x-x-x-x-x-x-x-", "..............o.",
     "--o---o---o---o-", "..o..o....o..o.."),
    ("X..x..x...X.x...", "....X.......X-.-", "....o.......o...", "xo-xo-xo-xo-xo-x", ".......o........",
     "o.x.o.x.o.x.o.x.", "o..o..o...o..o.."),
    ("X.........x.....", "........X......-", "........x.......", "x.o-x.o-x.o-x-o-", "......o.........",
     "o-o-x-o-o-o-x-o-", "...o..o......o.."),
    ("x.......o.......", "................", "................", "....-.......-...", "................",
     "o-x-o-x-o-x-o-x-", "x..o..x..o..x.o."),
    ("x.....o...o.....", "................", "................", "..-...-...-...-.", "................",
     "x-oo-x-oo-x-oo-x", "..x..o..x..o.x.."),
)  # fmt: skip
GROOVES: NDArray[np.float64] = np.array([[[_STROKES[c] for c in row] for row in groove] for groove in _GROOVES])
STYLE_GROOVES = np.array([[5, 5, 5, 5], [5, 5, 5, 5], [5, 5, 6, 6], [0, 1, 2, 3]])
"""From straight to broken."""
ROW_ENTRY = np.array([0.34, 0.62, 0.55, 0.42, 0.72, 0.66, 0.8])
"""Intensity from which a row of a groove plays."""
FILLS = np.array([  # snare and tom in the last bar of a phrase
    [[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.5, 0, 0.7, 0.4], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.8]],
    [[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.5, 0, 0.6, 0, 0, 0.7], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.6, 0, 0.7, 0.8, 0]],
    [[0, 0, 0, 0, 0, 0, 0, 0, 0.4, 0.5, 0.5, 0.6, 0.6, 0.7, 0.8, 0.9], [0] * 16],
    [[0, 0, 0, 0, 0, 0, 0, 0, 0.6, 0, 0, 0.7, 0, 0, 0.8, 0], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.6, 0, 0, 0.7, 0, 0.9]],
])  # fmt: skip


def _euclid(pulses: int) -> list[float]:
    """``pulses`` strokes spread as evenly as sixteen steps allow (Toussaint 2005), the first on the first step."""
    return [1.0 if (step * pulses) % STEPS < pulses else 0.0 for step in range(STEPS)]


EUCLID: NDArray[np.float64] = np.array([_euclid(pulses) for pulses in range(STEPS + 1)])
