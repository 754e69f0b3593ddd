"""Where a piece is: how its energy moves, whether it builds, when it drops, where a new section begins.

Two clocks: each hop, followers of loudness and bass find the drop at once; each tick of an eighth of a second, what
was gathered moves the slow measures. A build is measured by slew-limited change: each tick's rise counts only up to a
rate, so that a ramp of eight seconds adds up and a step does not; what a step brought counts against it. A section
begins where the mean of the newest seconds left that of the section before it: each of the last 1 to 6 seconds is a
candidate, and the shorter it is the further it must lie (in the manner of a generalised likelihood ratio, Appel &
Brandt 1983), so that a great change is known after a second or two and a small one after up to six. How far is far
follows the piece: it is measured by the same means as Foote's novelty (2000), four seconds against the eight before.
"""

from typing import NamedTuple

import numpy as np

from pix2live.dsp.follower import coefficient, follow
from pix2live.dsp.jit import kernel
from pix2live.signals.table import AUDIO, FORM, MEL_SIZE, local

TREND, BUILD, DROP, SECTIONS = range(len(FORM))
SILENCE, ONSETS = local("audio", "audio.silence"), local("audio", "audio.onset_count")
FLUX, CENTROID = local("audio", "audio.flux"), local("audio", "audio.centroid")

TICK_S = 0.125
END_S = 2.0  # so much silence is the end of a piece
MEL_RANGE_DB = 80.0
BASS_BANDS = 2  # up to 200 Hz
HIGH_BAND = 40  # from 4 kHz
# Neighbouring mel bands that count as one, low to high.
GROUPS = (1, 1, 2, 2, 3, 3, 4, 4, 4, 5, 5, 5, 5, 6, 7, 7)

# Trend
TREND_NEW_S, TREND_OLD_S, TREND_EASE_S = 1.0, 8.0, 0.4
TREND_DB, TREND_DB_PER_OCTAVE = 5.0, 1.5  # what makes tanh(1); onsets twice as dense count as so many dB

# Build: the change that counts in full, and how fast it may come about, in dB, dB, octaves (of density), octaves.
RISE_S = 8.0
RISE_FULL = (5.0, 9.0, 1.0, 1.2)
RISE_PER_S = (1.5, 2.0, 0.35, 0.4)
RISE_WEIGHT = (0.3, 0.35, 0.3, 0.25)
RISE_EASE_S = 0.7
BASS_LACK_DB = 12.0
WITH_BASS = 0.7  # a rise over full bass makes so much of a build
BUILD_FROM, BUILD_FULL = 0.13, 0.7
BUILD_ATTACK_S, BUILD_RELEASE_S, BUILD_CUT_S = 0.6, 1.5, 0.15

# Drop
BASS_ATTACK_S, BASS_RELEASE_S = 0.015, 0.8
FULL_ATTACK_S, FULL_FALL_DB_PER_S = 2.0, 0.08
BREAK_DB, BREAK_S = 8.0, 4.0
BUILD_ARMS, ARMED_S = 0.4, 3.0
BASS_RISE_DB, BASS_NEAR_DB = 6.0, 6.0
LOUD_RISE_DB, LOUD_NEAR_DB = 4.0, 4.0
DROP_REST_S, DROP_DECAY_S, AFTER_DROP_S = 6.0, 1.0, 4.0

# Sections
SECTION_S = 6.0  # the least, and how long the reference lies back
SETTLE_S = 3.0  # of these the first do not count: a crossfade is one change
HORIZON_S = 24.0
FAR_DB, FAR_USUAL, SOONEST_S, PATIENCE_S, DOUBT_S = 1.5, 1.3, 1.0, 2.5, 2.0
WEARY = 1.3  # after each section the next must lie further, so that a to and fro does not count for ever
# How far the newest seconds usually lie from the eight before: music that changes all the time must change more.
USUAL_NEW_S, USUAL_OLD_S, USUAL_DB, USUAL_S = 4.0, 8.0, 1.5, 25.0
FAINT_DB, PAUSE_DB = 22.0, 25.0
REACH_DB = 45.0  # what lies further below the loudest group is not heard
DENSITY_DB, FLUX_DB, LEVEL_SHARE = 1.2, 40.0, 0.5
BUILD_HOLDS = 0.35  # while it builds, the section that comes is the one after it

_DIMS = len(GROUPS) + 3
_TRACKS = len(RISE_FULL)
_LEAST = 1e-9
_PLACES = 31
# Names of the memory's places.
(_COUNT, _TREND, _TREND_AIM, _BUILD, _BUILD_AIM, _DROP, _HEARD, _QUIET_S, _TICKS, _HOPS, _BASS, _LOUD, _BASS_LEAST,
 _BASS_FULL, _LOUD_FULL, _BASS_SLOW, _LOUD_SLOW, _BROKEN_S, _ARMED_S, _REST_S, _ONSETS, _ENERGY_NEW, _ENERGY_OLD,
 _DENSITY_NEW, _DENSITY_OLD, _AGE, _KNOWN, _USUAL, _TOP, _CUT, _DENSITY) = range(_PLACES)


class _State(NamedTuple):
    """Tables and state; the state begins at zero."""

    hop_s: float
    hops: int  # in a tick
    rates: np.ndarray  # float64 (12,): coefficients
    memory: np.ndarray  # float64 (31,): see the names above
    gathered: np.ndarray  # float64 (groups + 5,): sums over this tick's hops
    tracks: np.ndarray  # float64 (4, 4): eased once, twice, limited and whole change of each track
    ring: np.ndarray  # float64 (ticks, dims): features of the last ticks
    section: np.ndarray  # float64 (3, dims): mean of the section, and two sums


@kernel
def _db(power: float) -> float:
    return 10.0 * np.log10(max(power, _LEAST))


@kernel
def _unit(value: float, highest: float) -> float:
    # NaN fails the first comparison.
    return min(value, highest) if value > 0.0 else 0.0


@kernel
def _forget(state: _State) -> None:
    """What was heard is over: only the count, and what fades, stay."""
    m = state.memory
    count, trend, build, drop = m[_COUNT], m[_TREND], m[_BUILD], m[_DROP]
    onsets, heard, quiet = m[_ONSETS], m[_HEARD], m[_QUIET_S]
    m[:] = 0.0
    m[_COUNT], m[_TREND], m[_BUILD], m[_DROP] = count, trend, build, drop
    m[_ONSETS], m[_HEARD], m[_QUIET_S] = onsets, heard, quiet
    state.gathered[:] = 0.0
    state.tracks[:] = 0.0
    state.ring[:] = 0.0
    state.section[:] = 0.0


@kernel
def _begin_section(state: _State) -> None:
    m = state.memory
    m[_COUNT] += 1.0
    m[_AGE], m[_KNOWN] = 0.0, 0.0
    if m[_BUILD_AIM] < m[_BUILD]:  # what rose has arrived
        state.tracks[2:] = 0.0
        m[_BUILD_AIM] = 0.0


@kernel
def _features(state: _State) -> int:
    """This tick's features into the ring, all in dB, so that they weigh alike; returns the row, -1 for none."""
    m, g = state.memory, state.gathered
    size, groups = state.ring.shape[0], g.shape[0] - 5
    at = int(m[_TICKS]) % size
    row = state.ring[at]
    top = 0.0
    for i in range(groups):
        row[i] = g[i] / state.hops
        top = max(top, row[i])
    m[_TOP] = max(top, m[_TOP] - 4.0 * TICK_S)
    if top < m[_TOP] - PAUSE_DB:  # a held breath: what comes after it will tell
        return -1
    level = 0.0
    for i in range(groups):
        row[i] = max(row[i], m[_TOP] - REACH_DB)
        level += row[i] / groups
    for i in range(groups):
        row[i] -= level
    row[groups] = LEVEL_SHARE * level
    row[groups + 1] = DENSITY_DB * m[_DENSITY]
    row[groups + 2] = FLUX_DB * g[groups + 3] / state.hops
    m[_TICKS] += 1.0
    return at


@kernel
def _distance(a: np.ndarray, per_a: float, b: np.ndarray, per_b: float) -> float:
    """Root mean square in dB between two means, given as sums."""
    square = 0.0
    for d in range(a.shape[0]):
        step = a[d] * per_a - b[d] * per_b
        square += step * step
    return np.sqrt(square / a.shape[0])


@kernel
def _learn(state: _State, at: int, ticks_back: int) -> None:
    """The tick that is now ``ticks_back`` old joins the section's mean."""
    m, mean, size = state.memory, state.section[0], state.ring.shape[0]
    old = state.ring[(at - ticks_back + size) % size]
    m[_KNOWN] = min(m[_KNOWN] + 1.0, HORIZON_S / TICK_S)
    for d in range(mean.shape[0]):
        mean[d] += (old[d] - mean[d]) / m[_KNOWN]


@kernel
def _sections(state: _State, at: int) -> None:
    if at < 0:
        return
    m, mean, total, new = state.memory, state.section[0], state.section[1], state.section[2]
    size = state.ring.shape[0]
    least, settle = int(SECTION_S / TICK_S), int(SETTLE_S / TICK_S)
    m[_AGE] += 1.0
    age = int(m[_AGE])
    if age == least:
        for back in range(least - settle - 1, -1, -1):
            _learn(state, at, back)
    steady = m[_BUILD] < BUILD_HOLDS and m[_LOUD_SLOW] > m[_LOUD_FULL] - FAINT_DB
    if age > 2 * least and steady:
        _learn(state, at, least)
    new_ticks = int(USUAL_NEW_S / TICK_S)
    # The mean of a section that has only begun is not well known.
    far = max(FAR_DB, FAR_USUAL * m[_USUAL]) * np.sqrt(1.0 + DOUBT_S / max(m[_KNOWN] * TICK_S, SETTLE_S))
    total[:] = 0.0
    for back in range(size):
        row = state.ring[(at - back + size) % size]
        for d in range(total.shape[0]):
            total[d] += row[d]
        ticks = back + 1.0
        if back == new_ticks - 1:
            new[:] = total
        if steady and ticks * TICK_S >= SOONEST_S and back < min(least, age - least):
            need = far * np.sqrt(1.0 + PATIENCE_S / (ticks * TICK_S))
            if _distance(total, 1.0 / ticks, mean, 1.0) > need:
                _begin_section(state)
                m[_USUAL] *= WEARY
                return
    if m[_TICKS] >= size:
        for d in range(total.shape[0]):
            total[d] -= new[d]
        moved = _distance(new, 1.0 / new_ticks, total, 1.0 / (size - new_ticks))
        m[_USUAL] += (min(moved, 2.0 * m[_USUAL]) - m[_USUAL]) * state.rates[11]


@kernel
def _trend(state: _State, energy_db: float) -> None:
    m, rates = state.memory, state.rates
    density = np.log2(1.0 + m[_DENSITY])
    m[_ENERGY_NEW] = follow(m[_ENERGY_NEW], energy_db, rates[4], rates[4])
    m[_ENERGY_OLD] = follow(m[_ENERGY_OLD], energy_db, rates[5], rates[5])
    m[_DENSITY_NEW] = follow(m[_DENSITY_NEW], density, rates[4], rates[4])
    m[_DENSITY_OLD] = follow(m[_DENSITY_OLD], density, rates[5], rates[5])
    moved = m[_ENERGY_NEW] - m[_ENERGY_OLD] + TREND_DB_PER_OCTAVE * (m[_DENSITY_NEW] - m[_DENSITY_OLD])
    m[_TREND_AIM] = np.tanh(moved / TREND_DB)


@kernel
def _tension(state: _State, now: tuple, first: bool) -> None:
    """Slew-limited changes of the four tracks, then what they and the missing bass make of a build."""
    m, rates, easing, eased = state.memory, state.rates, state.tracks[0], state.tracks[1]
    change, whole = state.tracks[2], state.tracks[3]
    if m[_REST_S] > DROP_REST_S - AFTER_DROP_S:
        change[:] = whole[:] = 0.0
    tension = 0.0
    for i in range(_TRACKS):
        before = eased[i]
        # Twice, or single hits would reach the limit: they rise faster than they fall.
        easing[i] = now[i] if first else follow(easing[i], now[i], rates[6], rates[6])
        eased[i] = now[i] if first else follow(eased[i], easing[i], rates[6], rates[6])
        step = 0.0 if first else eased[i] - before
        limit = RISE_PER_S[i] * TICK_S
        change[i] += min(max(step, -limit), limit) - change[i] * rates[7]
        whole[i] += step - whole[i] * rates[7]
        rise = change[i]
        if whole[i] > rise > 0.0:
            rise *= rise / whole[i]
        tension += RISE_WEIGHT[i] * min(max(rise / RISE_FULL[i], -0.7), 1.2)
    lack = min(max((m[_BASS_FULL] - m[_BASS_SLOW]) / BASS_LACK_DB, 0.0), 1.0)
    tension *= WITH_BASS + (1.0 - WITH_BASS) * lack
    m[_BUILD_AIM] = min(max((tension - BUILD_FROM) / (BUILD_FULL - BUILD_FROM), 0.0), 1.0)


@kernel
def _tick(state: _State) -> None:
    m, g = state.memory, state.gathered
    groups, first = g.shape[0] - 5, m[_HOPS] <= state.hops
    m[_DENSITY] = follow(m[_DENSITY], g[groups + 2] / TICK_S, state.rates[8], state.rates[8])
    loud_db, high_db = _db(g[groups] / state.hops), _db(g[groups + 1] / state.hops)
    fullness = 0.0
    for i in range(groups):
        fullness += g[i] / (state.hops * groups)
    energy_db = 0.5 * loud_db + 0.5 * fullness
    if first:
        m[_ENERGY_NEW] = m[_ENERGY_OLD] = energy_db
        m[_USUAL] = USUAL_DB
    _trend(state, energy_db)
    now = (loud_db, high_db, np.log2(1.0 + m[_DENSITY]), 10.0 * g[groups + 4] / state.hops)
    _tension(state, now, first)
    _sections(state, _features(state))
    g[:] = 0.0


@kernel
def _drop(state: _State, bass_db: float, loud_db: float) -> None:
    m, rates, hop_s = state.memory, state.rates, state.hop_s
    if m[_HOPS] == 0.0:
        m[_BASS] = m[_BASS_LEAST] = m[_BASS_SLOW] = m[_BASS_FULL] = bass_db
        m[_LOUD] = m[_LOUD_SLOW] = m[_LOUD_FULL] = loud_db
    m[_HOPS] += 1.0
    m[_BASS] = follow(m[_BASS], bass_db, rates[0], rates[1])
    m[_LOUD] = follow(m[_LOUD], loud_db, rates[0], rates[1])
    bass, loud = m[_BASS], m[_LOUD]
    m[_BASS_LEAST] = bass if bass < m[_BASS_LEAST] else follow(m[_BASS_LEAST], bass, rates[2], rates[2])
    rest, fall = m[_REST_S] > 0.0, FULL_FALL_DB_PER_S * hop_s
    by_build = m[_ARMED_S] > 0.0
    by_break = m[_BROKEN_S] >= BREAK_S and loud - m[_LOUD_SLOW] > LOUD_RISE_DB
    full = bass > m[_BASS_FULL] - BASS_NEAR_DB and loud > m[_LOUD_FULL] - LOUD_NEAR_DB
    if full and not rest and (by_build or by_break) and bass - m[_BASS_LEAST] > BASS_RISE_DB:
        m[_DROP], m[_REST_S], m[_CUT] = 1.0, DROP_REST_S, 1.0
        m[_ARMED_S] = m[_BROKEN_S] = m[_BUILD_AIM] = 0.0
        _begin_section(state)
    m[_REST_S] = max(m[_REST_S] - hop_s, 0.0)
    m[_ARMED_S] = ARMED_S if m[_BUILD] > BUILD_ARMS else max(m[_ARMED_S] - hop_s, 0.0)
    m[_BASS_SLOW] = follow(m[_BASS_SLOW], bass, rates[3], rates[3])
    m[_LOUD_SLOW] = follow(m[_LOUD_SLOW], loud, rates[3], rates[3])
    m[_BASS_FULL] = max(m[_BASS_FULL] - fall, follow(m[_BASS_FULL], bass, rates[3], 0.0))
    m[_LOUD_FULL] = max(m[_LOUD_FULL] - fall, follow(m[_LOUD_FULL], loud, rates[3], 0.0))
    broken = m[_BASS_SLOW] < m[_BASS_FULL] - BREAK_DB or m[_LOUD_SLOW] < m[_LOUD_FULL] - BREAK_DB
    # The way back up passes the threshold a little before the drop is decided.
    m[_BROKEN_S] = min(m[_BROKEN_S] + hop_s, 2.0 * BREAK_S) if broken else max(m[_BROKEN_S] - 4.0 * hop_s, 0.0)


@kernel
def _form_step(state: _State, mel: np.ndarray, scalars: np.ndarray, row: np.ndarray) -> None:
    m, g, rates = state.memory, state.gathered, state.rates
    m[_DROP] = follow(m[_DROP], 0.0, 1.0, rates[9])
    onsets = _unit(scalars[ONSETS], 1e15)
    new_onsets = min(max(onsets - m[_ONSETS], 0.0), 1.0)
    m[_ONSETS] = onsets
    if scalars[SILENCE] > 0.5:
        m[_QUIET_S] += state.hop_s
        if m[_QUIET_S] >= END_S:
            if m[_HOPS] > 0.0:
                _forget(state)
            m[_QUIET_S] = END_S
    else:
        if m[_QUIET_S] >= END_S and m[_HEARD] > 0.0:
            m[_COUNT] += 1.0
        m[_QUIET_S], m[_HEARD] = 0.0, 1.0
        groups, band, loud, high, bass = g.shape[0] - 5, 0, 0.0, 0.0, 0.0
        for i in range(groups):
            total, width = 0.0, GROUPS[i]
            for _ in range(width):
                value = _unit(mel[band], 1.0)
                power = np.exp((value - 1.0) * (MEL_RANGE_DB * 0.2302585092994046))
                total += value
                loud += power
                high += power if band >= HIGH_BAND else 0.0
                bass += power if band < BASS_BANDS else 0.0
                band += 1
            g[i] += MEL_RANGE_DB * total / width
        g[groups] += loud
        g[groups + 1] += high
        g[groups + 2] += new_onsets
        g[groups + 3] += _unit(scalars[FLUX], 1.0)
        g[groups + 4] += _unit(scalars[CENTROID], 1.0)
        _drop(state, _db(bass), _db(loud))
        if m[_HOPS] % state.hops == 0.0:
            _tick(state)
    m[_TREND] = follow(m[_TREND], m[_TREND_AIM], rates[10], rates[10])
    if m[_BUILD] < 0.02 or m[_BUILD_AIM] > m[_BUILD]:
        m[_CUT] = 0.0
    release = 1.0 - np.exp(-state.hop_s / (BUILD_CUT_S if m[_CUT] > 0.0 else BUILD_RELEASE_S))
    m[_BUILD] = follow(m[_BUILD], m[_BUILD_AIM], 1.0 - np.exp(-state.hop_s / BUILD_ATTACK_S), release)
    row[TREND], row[BUILD], row[DROP], row[SECTIONS] = m[_TREND], m[_BUILD], m[_DROP], m[_COUNT]


class Form:
    """Form of the piece as it goes, one hop at a time.

    Args:
        sample_rate, hop: of the analysis whose hops come.

    Writes, in order of ``table.FORM``:
        energy_trend: -1..1, how loudness, fullness and density of the last second stand against the last 8 s.
        build: 0..1, rising tension: loudness, highs, onset density and brightness that rise over seconds, more so
            where bass is missing. It needs about 4 s of rise to show, and is cut at the drop.
        drop: 1 at a drop, then decaying over 1 s: bass and full level come back after a build or a break of 4 s.
            Known about 20 ms after the bass has come back.
        section_count: grows where the music changes for good (1 to 6 s after the change; 6 s apart at least, but for a
            drop, which begins one at once), and where sound comes back after 2 s of silence: a new piece. After such a
            silence everything else is as new.

    One compiled call a hop, nothing allocated. NaN and values out of range count as 0 or the range's end.
    """

    def __init__(self, sample_rate: float, hop: int) -> None:
        hop_s = hop / sample_rate
        hops = max(1, round(TICK_S / hop_s))
        tick_s = hops * hop_s
        steps = ((BASS_ATTACK_S, hop_s), (BASS_RELEASE_S, hop_s), (1.0, hop_s), (FULL_ATTACK_S, hop_s),
                 (TREND_NEW_S, tick_s), (TREND_OLD_S, tick_s), (RISE_EASE_S, tick_s), (RISE_S, tick_s),
                 (1.0, tick_s), (DROP_DECAY_S, hop_s), (TREND_EASE_S, hop_s), (USUAL_S, tick_s))
        self._state = _State(
            hop_s, hops,
            np.array([coefficient(time_s, step_s) for time_s, step_s in steps]),
            np.zeros(_PLACES),
            np.zeros(len(GROUPS) + 5),
            np.zeros((4, _TRACKS)),
            np.zeros((int((USUAL_NEW_S + USUAL_OLD_S) / TICK_S), _DIMS)),
            np.zeros((3, _DIMS)),
        )
        self._clear = self._state[3:]
        self.process(np.zeros(MEL_SIZE, np.float32), np.zeros(len(AUDIO)), np.zeros(len(FORM)))
        self.reset()

    def process(self, mel: np.ndarray, scalars: np.ndarray, row: np.ndarray) -> None:
        """One hop: float32 ``mel`` (64,), float64 ``scalars`` of ``table.AUDIO``, into float64 ``row`` (4,)."""
        _form_step(self._state, mel, scalars, row)

    def reset(self) -> None:
        """As new."""
        for array in self._clear:
            array.fill(0.0)
