"""Onsets, of the whole and of each band: SuperFlux on an adaptively whitened log spectrum, decided at once.

Böck & Widmer 2013 (24 bands an octave, a maximum filter over 3 bins against vibrato), Stowell & Plumbley 2007
(whitening by each filter's own recent peak). Onsets of the whole look back 2 hops for hits and 6 for softer notes, and
each filter is compressed above its own noise floor, so that hiss and a crowd do not rise. Latency: none is added; an
onset is known at the end of the hop in which its rise passes the threshold.
"""

from typing import NamedTuple

import numpy as np

from pix2live.analysis.bands import COUNT, FIRST, HIT, PARTS, VALUE
from pix2live.analysis.hits import Hits, hits, hits_step
from pix2live.analysis.level import Heard
from pix2live.dsp.filterbank import Filterbank, apply_filterbank, log_filterbank
from pix2live.dsp.follower import coefficient, follow
from pix2live.dsp.jit import kernel
from pix2live.dsp.peaks import Picker, pick, picker
from pix2live.dsp.units import log2_into
from pix2live.signals.table import BAND_EDGES_HZ, BANDS, local

ONSET, STRENGTH = local("audio", "audio.onset"), local("audio", "audio.onset_strength")
ONSET_COUNT = local("audio", "audio.onset_count")

LOW_HZ, HIGH_HZ, PER_OCTAVE = 30.0, 16000.0, 24
LAG = 2
WHITEN_S = 8.0
LEAST, LEAST_SHARE = 1e-6, 3e-4  # a filter is not whitened up from below this amplitude, nor this share of the whole
COMPRESS = np.float32(30.0)
# Of the whole: fitted on the training and development clips of tools/ears_corpus.
WHOLE_WHITEN_S, WHOLE_LEAST_SHARE, WHOLE_COMPRESS = 1.7, 3e-4, 45.0
SLOW_LAG, SLOW_WEIGHT = 6, 0.49
FLOOR_FALL, FLOOR_RISE_S, FLOOR_SHARE = 0.05, 1.23, 0.12
DELTA, RATIO = 0.04, 1.8
# The mean of a band's few filters jitters with one over the root of their number.
BAND_DELTA, BAND_DELTA_OF_ONE_FILTER = 0.1, 0.7
BAND_LEAST = 0.25  # of a band's usual level: what leaks into a band that is still is not its hit
REST_S, BAND_REST_S, NEAR_S, BAND_NEAR_S, PAST_S = 0.048, 0.09, 0.02, 0.03, 0.075
DECAY_S, HIT_DECAY_S, USUAL_S, BEGIN_S = 0.1, 0.15, 4.0, 0.1


class Onset(NamedTuple):
    """Tables and state; the state begins at zero."""

    bank: Filterbank
    band: np.ndarray  # int64 (8,): where each band's filters begin, and the end
    delta: np.ndarray  # float64 (7,): how far each band's rise must stand out
    whiten: float
    decay: float
    hit_decay: float
    usual: float
    near: int
    band_near: int
    rest: int
    band_rest: int
    whole_keep: float
    floor_rise: float
    floors: np.ndarray  # float32 (filters,): noise floor of each filter
    whole_peaks: np.ndarray  # float32 (filters,)
    whole_loudest: np.ndarray  # float64 (1,): loudest sum of late
    whole_logs: np.ndarray  # float32 (SLOW_LAG + 1, filters): a ring
    at: np.ndarray  # int64 (1,)
    magnitudes: np.ndarray  # float32 (filters,)
    scaled: np.ndarray  # float32 (filters,): work space
    peaks: np.ndarray  # float32 (filters,): recent peak of each filter
    logs: np.ndarray  # float32 (LAG + 1, filters): compressed spectra, newest first
    rise: np.ndarray  # float32 (filters,)
    picker: Picker
    hits: Hits
    memory: np.ndarray  # float64 (3 + 2 * bands,): pulse, usual peak, count, then each band's hit and count


def onset(sample_rate: float, hop: int, window: int) -> Onset:
    """The stage for magnitude spectra of ``window`` samples each ``hop``."""
    hop_s = hop / sample_rate
    bank = log_filterbank(sample_rate, window, PER_OCTAVE, LOW_HZ, HIGH_HZ)
    filters = len(bank.first)
    band = np.searchsorted(bank.centre_hz, BAND_EDGES_HZ).astype(np.int64)
    return Onset(
        bank,
        band,
        BAND_DELTA + BAND_DELTA_OF_ONE_FILTER / np.sqrt(np.maximum(np.diff(band), 1)),
        1.0 - coefficient(WHITEN_S, hop_s),
        coefficient(DECAY_S, hop_s),
        coefficient(HIT_DECAY_S, hop_s),
        coefficient(USUAL_S, hop_s),
        max(1, round(NEAR_S / hop_s)),
        max(1, round(BAND_NEAR_S / hop_s)),
        max(1, round(REST_S / hop_s)),
        max(1, round(BAND_REST_S / hop_s)),
        1.0 - coefficient(WHOLE_WHITEN_S, hop_s),
        coefficient(FLOOR_RISE_S, hop_s),
        np.zeros(filters, dtype=np.float32),
        np.zeros(filters, dtype=np.float32),
        np.zeros(1),
        np.zeros((SLOW_LAG + 1, filters), dtype=np.float32),
        np.zeros(1, dtype=np.int64),
        np.zeros(filters, dtype=np.float32),
        np.zeros(filters, dtype=np.float32),
        np.zeros(filters, dtype=np.float32),
        np.zeros((LAG + 1, filters), dtype=np.float32),
        np.zeros(filters, dtype=np.float32),
        picker(1 + len(BANDS), max(2, round(PAST_S / hop_s))),
        hits(hop_s, bank.centre_hz),
        np.zeros(3 + 2 * len(BANDS)),
    )


@kernel
def _whiten(state: Onset, magnitude: np.ndarray, reference: float) -> None:
    apply_filterbank(state.bank, magnitude, state.magnitudes)
    least, keep = np.float32(max(LEAST, LEAST_SHARE * reference)), np.float32(state.whiten)
    one = np.float32(1.0)
    now, peaks, scaled = state.magnitudes, state.peaks, state.scaled
    for k in range(now.shape[0]):
        peaks[k] = max(now[k], least, keep * peaks[k])
        scaled[k] = one + COMPRESS * now[k] / peaks[k]
    for lag in range(LAG, 0, -1):
        for k in range(now.shape[0]):
            state.logs[lag, k] = state.logs[lag - 1, k]
    log2_into(scaled, state.logs[0])


@kernel
def _strength(state: Onset) -> float:
    """How much the whole rises: the mean over all filters, of two lags."""
    now, peaks, floors, scaled = state.magnitudes, state.whole_peaks, state.floors, state.scaled
    filters = now.shape[0]
    power = np.float32(0.0)
    for k in range(filters):
        power += now[k] * now[k]
    state.whole_loudest[0] = max(np.sqrt(np.float64(power)), state.whole_loudest[0] * state.whiten, LEAST)
    least, keep = np.float32(WHOLE_LEAST_SHARE * state.whole_loudest[0]), np.float32(state.whole_keep)
    fall, rise = np.float32(FLOOR_FALL), np.float32(state.floor_rise)
    one, compress = np.float32(1.0), np.float32(WHOLE_COMPRESS)
    over_floor = np.float32(FLOOR_SHARE * WHOLE_COMPRESS)
    for k in range(filters):
        x = now[k]
        peaks[k] = max(x, least, keep * peaks[k])
        floors[k] += (x - floors[k]) * (fall if x < floors[k] else rise)
        if floors[k] < np.float32(1e-12):
            floors[k] = np.float32(0.0)
        scaled[k] = one + compress * x / (peaks[k] + over_floor * floors[k])
    size = state.whole_logs.shape[0]
    at = state.at[0]
    state.at[0] = (at + 1) % size
    new, quick, slow = state.whole_logs[at], state.whole_logs[(at - LAG) % size], state.whole_logs[(at + 1) % size]
    log2_into(scaled, new)
    soon, later = np.float32(0.0), np.float32(0.0)
    for k in range(filters):
        left, right = max(k - 1, 0), min(k + 1, filters - 1)
        soon += max(new[k] - max(quick[left], quick[k], quick[right]), np.float32(0.0))
        later += max(new[k] - max(slow[left], slow[k], slow[right]), np.float32(0.0))
    return (np.float64(soon) + SLOW_WEIGHT * np.float64(later)) / filters


@kernel
def _rise(new: np.ndarray, old: np.ndarray, rise: np.ndarray) -> None:
    n = new.shape[0]
    for k in range(n):
        highest = max(old[max(k - 1, 0)], old[k], old[min(k + 1, n - 1)])
        rise[k] = max(new[k] - highest, np.float32(0.0))


@kernel
def _mean(values: np.ndarray, start: int, stop: int) -> float:
    total = 0.0
    for k in range(start, stop):
        total += values[k]
    return total / (stop - start) if stop > start else 0.0


@kernel
def onset_step(state: Onset, magnitude: np.ndarray, heard: Heard, row: np.ndarray) -> None:
    """One hop's float32 magnitude spectrum (a full-scale sine's bin is 1); needs each ``X`` of this hop in ``row``.

    Writes ``onset`` (1 at the hop of an onset, then decaying over 0.1 s), ``onset_strength`` (0..1 of the usual
    peak), ``onset_count``, and each band's ``X.hit`` (1, then decaying over 0.15 s) and ``X.count``.
    """
    _whiten(state, magnitude, heard.reference)
    _rise(state.logs[0], state.logs[LAG], state.rise)
    m = state.memory
    hits_step(state.hits, state.magnitudes, state.logs[0], state.rise, heard, row)
    strength = _strength(state)
    if not heard.sounding:
        strength = 0.0
    if heard.learning and heard.age_s > BEGIN_S:  # a beginning is no measure of the hits that follow
        m[1] = follow(m[1], strength, 0.5, state.usual)
    usual = max(m[1], 2.0 * DELTA)
    m[0] = follow(m[0], 0.0, 1.0, state.decay)
    if pick(state.picker, 0, strength, DELTA, RATIO, state.near, state.rest):
        m[0], m[2] = 1.0, m[2] + 1.0
    row[ONSET], row[STRENGTH], row[ONSET_COUNT] = m[0], heard.fade * min(strength / usual, 1.0), m[2]
    for b in range(state.band.shape[0] - 1):
        at = FIRST + b * PARTS
        moves = heard.sounding and row[at + VALUE] > BAND_LEAST
        strength = _mean(state.rise, state.band[b], state.band[b + 1]) if moves else 0.0
        hit, count = 3 + 2 * b, 4 + 2 * b
        m[hit] = follow(m[hit], 0.0, 1.0, state.hit_decay)
        if pick(state.picker, 1 + b, strength, state.delta[b], RATIO, state.band_near, state.band_rest):
            m[hit], m[count] = 1.0, m[count] + 1.0
        row[at + HIT], row[at + COUNT] = m[hit], m[count]
