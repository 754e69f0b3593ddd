"""How loud, how wide, and whether anything sounds at all: levels, the silence gate, automatic gain, stereo.

The gate learns the room: what stays within 2 dB for 5 s below -42 dBFS is hum or hiss, not music, and neither opens
the gate nor sets the gain. (So does a held tone that soft; a tone that moves or is louder sounds on.)
"""

from typing import NamedTuple

import numpy as np

from pix2live.dsp.follower import coefficient, follow
from pix2live.dsp.jit import kernel
from pix2live.dsp.units import power_db
from pix2live.signals.table import local

LEVEL, SILENCE = local("audio", "audio.level"), local("audio", "audio.silence")
RMS_DB, PEAK_DB = local("audio", "audio.rms_db"), local("audio", "audio.peak_db")
CREST = local("audio", "audio.crest")
WIDTH, BALANCE = local("audio", "audio.width"), local("audio", "audio.balance")

# The gate opens this far above the quietest moment of late, which counts as at most -74 dBFS, and above the room.
FLOOR_LOW_DB, FLOOR_HIGH_DB, FLOOR_RISE_DB_PER_S = -90.0, -74.0, 3.0
OPEN_ABOVE_DB, CLOSE_ABOVE_DB = 4.0, 2.0
ROOM_OPEN_DB, ROOM_FALL_DB, ROOM_SWING_DB = 1.5, 3.0, 6.0
HOLD_S = 0.4
STEADY_DB, STEADY_HIGH_DB, STEADY_PART_S, STEADY_PARTS = 2.2, -42.0, 0.25, 20
NOTHING_DB = -100.0  # below this there is no room to be learnt: the input is closed
# The gain lifts nothing to the top that is not this far above the room, nor that may yet prove to be the room.
HEADROOM_DB, UNKNOWN_DB, GAIN_FLOOR_DB = 12.0, -36.0, -76.0
GAIN_S, GAIN_ATTACK_S, GAIN_START_S = 15.0, 0.05, 0.3
FREEZE_AFTER_S = 1.0
_FORGET_AFTER_S, _KEEP_AGE_S = 3.0, 2.0
CREST_RANGE_DB = 24.0

_HOP_PARTS = 5  # mean squares of left, right, mid, side, and the highest sample
_FLOOR, _OPEN, _HELD, _FADE, _AGE, _REFERENCE, _QUIET, _ROOM, _USED = range(9)
_HOPS, _SUM, _TOP, _SEEN, _MOVED = range(5)


class Level(NamedTuple):
    """Tables and state; the state begins at zero."""

    hop_s: float
    gain_attack: float
    fade_release: float
    stereo: float
    part_hops: int
    parts: np.ndarray  # float64 (hops in a window, 5), newest first
    memory: np.ndarray  # float64 (9,): see the names above; floor and room in dB above FLOOR_LOW_DB
    steady: np.ndarray  # float64 (2, 20): mean power and highest dB above FLOOR_LOW_DB of each quarter second, a ring
    part: np.ndarray  # float64 (5,): the quarter second under way: hops, sum, top; how many were; whether any differed
    image: np.ndarray  # float64 (4,): smoothed mean squares of left, right, mid, side


class Heard(NamedTuple):
    """What later stages need to know of the level."""

    fade: float  # 0..1: 1 while something sounds, falling to 0 in silence
    sounding: bool
    learning: bool  # sounding, and the levelling is not frozen
    age_s: float  # seconds of sound since it began; shortened after a pause
    reference: float  # rms amplitude that counts as the top
    lift: float  # 1 or more: how far the top lies above what is usual at loud moments (over hum, hiss, at the start)


def level(sample_rate: float, hop: int, window: int) -> Level:
    """The stage for hops of ``hop`` samples, measuring over the last ``window``."""
    hop_s = hop / sample_rate
    return Level(
        hop_s,
        coefficient(GAIN_ATTACK_S, hop_s),
        coefficient(0.15, hop_s),
        coefficient(0.1, hop_s),
        max(1, round(STEADY_PART_S / hop_s)),
        np.zeros((window // hop, _HOP_PARTS)),
        np.zeros(9),
        np.zeros((2, STEADY_PARTS)),
        np.zeros(5),
        np.zeros(4),
    )


@kernel
def _learn_room(state: Level, power: float, top_db: float) -> None:
    p, m = state.part, state.memory
    if top_db < NOTHING_DB:
        p[_HOPS], p[_SUM], p[_TOP] = 0.0, 0.0, 0.0
        return
    p[_HOPS] += 1.0
    p[_SUM] += power
    p[_TOP] = max(p[_TOP], top_db - FLOOR_LOW_DB)
    if p[_HOPS] < state.part_hops:
        return
    at = int(p[_SEEN]) % STEADY_PARTS
    state.steady[0, at], state.steady[1, at] = p[_SUM] / p[_HOPS], p[_TOP]
    p[_SEEN] += 1.0
    if p[_TOP] < m[_ROOM] - ROOM_FALL_DB:
        m[_ROOM] = p[_TOP]
    p[_HOPS], p[_SUM], p[_TOP] = 0.0, 0.0, 0.0
    seen = min(int(p[_SEEN]), STEADY_PARTS)
    low, high, top = state.steady[0, 0], state.steady[0, 0], 0.0
    for i in range(seen):
        low, high = min(low, state.steady[0, i]), max(high, state.steady[0, i])
        top = max(top, state.steady[1, i])
    same = power_db(high) - power_db(low) <= STEADY_DB
    if not same:
        p[_MOVED] = 1.0
    if same and seen == STEADY_PARTS and power_db(high) < STEADY_HIGH_DB:
        m[_ROOM] = min(top, power_db(high) - FLOOR_LOW_DB + ROOM_SWING_DB)
        p[_MOVED] = 0.0


@kernel
def _gate(state: Level, hop_power: float, window_power: float, frozen: bool) -> bool:
    m = state.memory
    hop_db, window_db = power_db(hop_power), power_db(window_power)
    top_db = max(hop_db, window_db)
    if not frozen:
        floor = m[_FLOOR] + FLOOR_LOW_DB + FLOOR_RISE_DB_PER_S * state.hop_s
        m[_FLOOR] = min(max(min(floor, window_db), FLOOR_LOW_DB), FLOOR_HIGH_DB) - FLOOR_LOW_DB
        _learn_room(state, hop_power, top_db)
    floor, room = m[_FLOOR] + FLOOR_LOW_DB, m[_ROOM] + FLOOR_LOW_DB
    if top_db > max(floor + OPEN_ABOVE_DB, room + ROOM_OPEN_DB):
        m[_OPEN], m[_HELD] = 1.0, 0.0
    elif m[_OPEN] > 0.0:
        m[_HELD] = 0.0 if window_db > max(floor + CLOSE_ABOVE_DB, room) else m[_HELD] + state.hop_s
        if m[_HELD] >= HOLD_S:
            m[_OPEN] = 0.0
    return m[_OPEN] > 0.0


@kernel
def _gain(state: Level, sounding: bool, frozen: bool, amplitude: float) -> float:
    m = state.memory
    least_db = max(GAIN_FLOOR_DB, m[_ROOM] + FLOOR_LOW_DB + HEADROOM_DB)
    if state.part[_MOVED] == 0.0:
        least_db = max(least_db, UNKNOWN_DB)
    least = 10.0 ** (least_db / 20.0)
    if not sounding:
        m[_QUIET] += state.hop_s
        if m[_QUIET] > _FORGET_AFTER_S:  # after a pause another piece may come: learn its level quickly
            m[_AGE] = min(m[_AGE], _KEEP_AGE_S)
    else:
        m[_QUIET] = 0.0
        m[_AGE] = min(m[_AGE] + state.hop_s, 1e6)
        if not frozen:
            release_s = min(GAIN_S, max(GAIN_START_S, m[_AGE]))
            release = 1.0 - np.exp(-state.hop_s / release_s)
            m[_REFERENCE] = follow(m[_REFERENCE], amplitude, state.gain_attack, release)
    if not frozen:
        m[_USED] = max(m[_REFERENCE], least)
    return m[_USED]


@kernel
def _stereo(state: Level, sounding: bool, fade: float, row: np.ndarray) -> None:
    s = state.image
    if sounding:
        for i in range(4):
            s[i] = follow(s[i], state.parts[0, i], state.stereo, state.stereo)
    left, right, mid, side = np.sqrt(s[0]), np.sqrt(s[1]), np.sqrt(s[2]), np.sqrt(s[3])
    row[WIDTH] = fade * side / (mid + side) if mid + side > 0.0 else 0.0
    row[BALANCE] = fade * (right - left) / (left + right) if left + right > 0.0 else 0.0


@kernel
def level_step(
    state: Level, left: np.ndarray, right: np.ndarray, peak: float, freeze: bool, row: np.ndarray
) -> Heard:
    """One hop of both sides (float32 ``(hop,)``, free of DC) and the highest sample of any channel.

    Writes ``level`` (rms of 4 hops over the loudest usual, 0..1), ``rms_db`` and ``peak_db`` (over the window,
    -120 at least), ``silence`` (1 once 0.4 s lie below the gate), ``crest`` (peak over rms, 24 dB being 1),
    ``width`` (side / (mid + side) in amplitude: 0 mono, 0.5 unrelated, 1 opposite) and ``balance`` (-1 left..1).
    ``freeze`` holds gain and gate as they are, once a second of sound has been heard.
    """
    parts = state.parts
    hops = parts.shape[0]
    for i in range(hops - 1, 0, -1):
        for j in range(parts.shape[1]):
            parts[i, j] = parts[i - 1, j]
    n = left.shape[0]
    ll, rr, mm = 0.0, 0.0, 0.0
    ss = 0.0
    for i in range(n):
        l, r = np.float64(left[i]), np.float64(right[i])
        mid, side = 0.5 * (l + r), 0.5 * (l - r)
        ll += l * l
        rr += r * r
        mm += mid * mid
        ss += side * side
    parts[0, 0], parts[0, 1], parts[0, 2], parts[0, 3] = ll / n, rr / n, mm / n, ss / n
    parts[0, 4] = peak
    power, highest = 0.0, 0.0
    for i in range(hops):
        power += 0.5 * (parts[i, 0] + parts[i, 1])
        highest = max(highest, parts[i, 4])
    power /= hops
    fast = 0.0
    for i in range(4):
        fast += 0.125 * (parts[i, 0] + parts[i, 1])
    amplitude = np.sqrt(fast)

    m = state.memory
    frozen = freeze and m[_AGE] >= FREEZE_AFTER_S
    sounding = _gate(state, 0.5 * (parts[0, 0] + parts[0, 1]), power, frozen)
    m[_FADE] = follow(m[_FADE], 1.0 if sounding else 0.0, 1.0, state.fade_release)
    fade, reference = m[_FADE], _gain(state, sounding, frozen, amplitude)

    row[LEVEL] = fade * min(amplitude / reference, 1.0)
    row[SILENCE] = 0.0 if sounding else 1.0
    row[RMS_DB] = power_db(power)
    row[PEAK_DB] = power_db(highest * highest)
    crest_db = power_db(highest * highest) - power_db(power)
    row[CREST] = fade * min(max(crest_db / CREST_RANGE_DB, 0.0), 1.0)
    _stereo(state, sounding, fade, row)
    lift = reference / m[_REFERENCE] if m[_REFERENCE] > 0.0 else 1.0
    return Heard(fade, sounding, sounding and not frozen, m[_AGE], reference, lift)
