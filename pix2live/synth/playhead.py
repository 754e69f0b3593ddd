"""Where in the picture the scan is: it runs by itself, in beats, or under the hand."""

import math
from typing import Any

from pix2live.dsp.jit import kernel
from pix2live.dsp.oscillator import CHUNK
from pix2live.signals.spec import ParamSpec

DIRECTIONS = ("forward", "backward", "to and fro")
FORWARD, BACKWARD, TO_AND_FRO = range(3)
_SYNCS = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)  # beats a sweep; 0 is by the clock
PLAYHEAD_SPECS = (
    ParamSpec("synth.scan.seconds", "seconds a sweep", "s", 0.1, 120.0, 8.0, curve="exp"),
    ParamSpec("synth.scan.sync", "beats a sweep", "beats", high=len(_SYNCS) - 1.0, kind="choice",
              choices=("off", *(f"{beats:g}" for beats in _SYNCS[1:]))),
    ParamSpec("synth.scan.direction", "direction", high=len(DIRECTIONS) - 1.0, kind="choice", choices=DIRECTIONS),
    ParamSpec("synth.scan.freeze", "hold the playhead", kind="bool"),
    ParamSpec("synth.scan.offset", "shift of the playhead"),
    ParamSpec("synth.scan.scrub", "playhead by hand", kind="bool"),
    ParamSpec("synth.scan.position", "hand's place"),
)  # fmt: skip
_HAND_S = 0.010  # of each of two low-passes: a knob's 127 steps become one movement
_QUICKEST_S = 0.1  # a sweep, by hand too
_LOCK_S = 0.15
_NEAR_BEATS = 0.25  # a tempo tracker's corrections are followed smoothly, anything more at once


@kernel
def move_playhead(knobs: Any, s: Any, columns: int, bpm: float, beats: float, sample_rate: float) -> bool:
    """Move ``s.playhead`` by one chunk and set ``s.shown``, the place in the picture, 0..1. True where it jumped.

    By hand it follows ``scan_position`` within 50 ms, and goes on from there when let go. In beats, a sweep begins
    where ``beats`` is a multiple of the number asked for; within a quarter of a beat it is drawn there (time constant
    0.15 s), from farther off it jumps.

    Args:
        knobs: record with the fields ``scan_*`` of PLAYHEAD_SPECS, in range.
        s: record with playhead, heading (1, -1), offset, shown, scrubbing, hand.
        columns: of the score; by hand, place 1 is the last of them, not the first again.
        bpm: the tempo. beats: the beats passed at the chunk's end, NaN where there is no grid.
    """
    to_and_fro = knobs.scan_direction == TO_AND_FRO
    if knobs.scan_direction == BACKWARD:
        s.heading = -1.0
    elif not to_and_fro:
        s.heading = 1.0
    jumped = False
    if knobs.scan_scrub > 0.5:
        _follow(s, knobs.scan_position * (1.0 if to_and_fro else (columns - 1.0) / columns), sample_rate)
    elif knobs.scan_freeze < 0.5:
        length = _SYNCS[int(knobs.scan_sync)]
        if length > 0.0:
            jumped = _keep_time(s, to_and_fro, length, bpm, beats, sample_rate)
        else:
            s.playhead += s.heading * CHUNK / (sample_rate * knobs.scan_seconds)
    if knobs.scan_scrub < 0.5:
        s.scrubbing = 0
    if to_and_fro:
        if s.playhead > 1.0 or s.playhead < 0.0:
            s.heading = -1.0 if s.playhead > 1.0 else 1.0
            s.playhead = _folded(s.playhead)
        s.shown = _folded(s.playhead + s.offset)
    else:
        s.playhead -= math.floor(s.playhead)
        s.shown = s.playhead + s.offset
        s.shown -= math.floor(s.shown)
    return jumped


@kernel
def _follow(s: Any, place: float, sample_rate: float) -> None:
    if s.scrubbing == 0:
        s.scrubbing = 1
        s.hand = s.playhead
    share = 1.0 - math.exp(-CHUNK / (_HAND_S * sample_rate))
    s.hand += (place - s.hand) * share
    most = CHUNK / (_QUICKEST_S * sample_rate)
    s.playhead += min(max((s.hand - s.playhead) * share, -most), most)


@kernel
def _keep_time(s: Any, to_and_fro: bool, length: float, bpm: float, beats: float, sample_rate: float) -> bool:
    """Go on by the tempo and towards the grid, on a line as long as the way to and fro; True where it jumped."""
    period = 2.0 if to_and_fro else 1.0
    forth = -1.0 if s.heading < 0.0 and not to_and_fro else 1.0
    at = 2.0 - s.playhead if to_and_fro and s.heading < 0.0 else s.playhead
    at += forth * CHUNK * bpm / (60.0 * sample_rate * length)
    jumped = False
    if not math.isnan(beats):
        want = (forth * beats / length) % period
        away = want - at
        away -= period * math.floor(away / period + 0.5)
        if abs(away) * length > _NEAR_BEATS:
            at, jumped = want, True
        else:
            at += away * (1.0 - math.exp(-CHUNK / (_LOCK_S * sample_rate)))
    if to_and_fro:
        at %= 2.0
        s.heading = -1.0 if at > 1.0 else 1.0
        s.playhead = 2.0 - at if at > 1.0 else at
    else:
        s.playhead = at
    return jumped


@kernel
def _folded(position: float) -> float:
    """Reflected at 0 and 1."""
    turned = abs(position) % 2.0
    return 2.0 - turned if turned > 1.0 else turned
