"""How loud, how wide, and whether anything sounds at all: levels, the silence gate, automatic gain, stereo."""

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

# The gate's threshold lies this far above the quietest moment of late, and never above -58 dBFS: what is louder
# than that is never taken for noise, however steady it is.
FLOOR_LOW_DB, FLOOR_HIGH_DB, FLOOR_RISE_DB_PER_S = -90.0, -62.0, 3.0
OPEN_ABOVE_DB, CLOSE_ABOVE_DB = 4.0, 2.0
HOLD_S = 0.4
GAIN_S, GAIN_ATTACK_S, GAIN_START_S = 15.0, 0.05, 0.3
GAIN_FLOOR = 10.0 ** (-50.0 / 20.0)
_FORGET_AFTER_S, _KEEP_AGE_S = 3.0, 2.0
CREST_RANGE_DB = 24.0

_HOP_PARTS = 5  # mean squares of left, right, mid, side, and the highest sample
_FLOOR, _OPEN, _HELD, _FADE, _AGE, _REFERENCE, _QUIET = range(7)


class Level(NamedTuple):
    """Tables and state; the state begins at zero."""

    hop_s: float
    gain_attack: float
    fade_release: float
    stereo: float
    parts: np.ndarray  # float64 (hops in a window, 5), newest first
    memory: np.ndarray  # float64 (7,): see the names above
    image: np.ndarray  # float64 (4,): smoothed mean squares of left, right, mid, side


class Heard(NamedTuple):
    """What later stages need to know of the level."""

    fade: float  # 0..1: 1 while something sounds, falling to 0 in silence
    sounding: bool
    age_s: float  # seconds of sound since it began; shortened after a pause
    reference: float  # rms amplitude that is usual at loud moments


def level(sample_rate: float, hop: int, window: int) -> Level:
    """The stage for hops of ``hop`` samples, measuring over the last ``window``."""
    hop_s = hop / sample_rate
    return Level(
        hop_s,
        coefficient(GAIN_ATTACK_S, hop_s),
        coefficient(0.15, hop_s),
        coefficient(0.1, hop_s),
        np.zeros((window // hop, _HOP_PARTS)),
        np.zeros(7),
        np.zeros(4),
    )


@kernel
def _gate(state: Level, hop_db: float, window_db: float) -> bool:
    m = state.memory
    floor = m[_FLOOR] + FLOOR_LOW_DB + FLOOR_RISE_DB_PER_S * state.hop_s
    floor = min(max(min(floor, window_db), FLOOR_LOW_DB), FLOOR_HIGH_DB)
    m[_FLOOR] = floor - FLOOR_LOW_DB
    if max(hop_db, window_db) > floor + OPEN_ABOVE_DB:
        m[_OPEN], m[_HELD] = 1.0, 0.0
    elif m[_OPEN] > 0.0:
        m[_HELD] = 0.0 if window_db > floor + CLOSE_ABOVE_DB else m[_HELD] + state.hop_s
        if m[_HELD] >= HOLD_S:
            m[_OPEN] = 0.0
    return m[_OPEN] > 0.0


@kernel
def _gain(state: Level, sounding: bool, amplitude: float) -> None:
    m = state.memory
    if not sounding:
        m[_QUIET] += state.hop_s
        if m[_QUIET] > _FORGET_AFTER_S:  # after a pause another piece may come: learn its level quickly
            m[_AGE] = min(m[_AGE], _KEEP_AGE_S)
        return
    m[_QUIET] = 0.0
    m[_AGE] = min(m[_AGE] + state.hop_s, 1e6)
    release_s = min(GAIN_S, max(GAIN_START_S, m[_AGE]))
    m[_REFERENCE] = follow(
        max(m[_REFERENCE], GAIN_FLOOR), amplitude, state.gain_attack, 1.0 - np.exp(-state.hop_s / release_s)
    )


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
def level_step(state: Level, left: np.ndarray, right: np.ndarray, peak: float, row: np.ndarray) -> Heard:
    """One hop of both sides (float32 ``(hop,)``, free of DC) and the highest sample of any channel.

    Writes ``level`` (rms of 4 hops over the loudest usual, 0..1), ``rms_db`` and ``peak_db`` (over the window,
    -120 at least), ``silence`` (1 once 0.4 s lie below the gate), ``crest`` (peak over rms, 24 dB being 1),
    ``width`` (side / (mid + side) in amplitude: 0 mono, 0.5 unrelated, 1 opposite) and ``balance`` (-1 left..1).
    """
    parts = state.parts
    hops = parts.shape[0]
    for i in range(hops - 1, 0, -1):
        for j in range(parts.shape[1]):
            parts[i, j] = parts[i - 1, j]
    n = left.shape[0]
    ll, rr, mm = 0.0, 0.0, 0.0
    ss, top = 0.0, 0.0
    for i in range(n):
        l, r = np.float64(left[i]), np.float64(right[i])
        mid, side = 0.5 * (l + r), 0.5 * (l - r)
        ll += l * l
        rr += r * r
        mm += mid * mid
        ss += side * side
        top = max(top, abs(mid))
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
    sounding = _gate(state, power_db(0.5 * (parts[0, 0] + parts[0, 1])), power_db(power))
    m[_FADE] = follow(m[_FADE], 1.0 if sounding else 0.0, 1.0, state.fade_release)
    _gain(state, sounding, amplitude)
    fade, reference = m[_FADE], max(m[_REFERENCE], GAIN_FLOOR)

    row[LEVEL] = fade * min(amplitude / reference, 1.0)
    row[SILENCE] = 0.0 if sounding else 1.0
    row[RMS_DB] = power_db(power)
    row[PEAK_DB] = power_db(highest * highest)
    crest_db = power_db(highest * highest) - power_db(power)
    row[CREST] = fade * min(max(crest_db / CREST_RANGE_DB, 0.0), 1.0)
    _stereo(state, sounding, fade, row)
    return Heard(fade, sounding, m[_AGE], reference)
