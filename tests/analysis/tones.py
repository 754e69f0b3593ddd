"""Tones, chords and cadences with known answers, and a helper that hears a whole sound of them."""

from functools import cache

import numpy as np

from pix2live.analysis.tone import Tone
from pix2live.signals.table import TONE

from .sounds import RATE


@cache
def listener(rate: float) -> Tone:
    """One for all tests at a rate: making one takes longer than hearing a second."""
    return Tone(rate, int(256 * 2.0 ** round(float(np.log2(rate / 46000)))))


def heard(sound: np.ndarray, rate: float = RATE, tone: Tone | None = None) -> np.ndarray:
    """A row of ``table.TONE`` for each hop."""
    if tone is None:
        tone = listener(rate)
        tone.reset()
    sound = np.ascontiguousarray(sound, dtype=np.float32)
    rows = np.zeros((len(sound) // tone.hop, len(TONE)))
    for i, row in enumerate(rows):
        tone.process(sound[i * tone.hop : (i + 1) * tone.hop], row)
    return rows


def voice(hz: float, seconds: float, first: int = 1, rate: float = RATE, amplitude: float = 0.15) -> np.ndarray:
    """Harmonics ``first`` to 12 of falling strength below the Nyquist frequency."""
    t = np.arange(int(seconds * rate)) / rate
    partials = [h for h in range(first, 13) if h * hz < 0.45 * rate]
    return (amplitude * sum(np.sin(2 * np.pi * h * hz * t + h * h) / h for h in partials)).astype(np.float32)


def chord(notes: list[int], seconds: float, cents: float = 0.0, rate: float = RATE) -> np.ndarray:
    """MIDI notes struck together, softly decaying."""
    t = np.arange(int(seconds * rate)) / rate
    swell = np.clip(t / 0.01, 0, 1) * np.clip((seconds - t) / 0.03, 0, 1) * np.exp(-t / 1.5)
    sound = sum(voice(440 * 2 ** ((n - 69 + cents / 100) / 12), seconds, rate=rate, amplitude=0.06) for n in notes)
    return (sound * swell).astype(np.float32)


def triad(root: int, minor: bool) -> list[int]:
    """Root position about middle C over its bass, as MIDI notes."""
    return [36 + root % 12, *(52 + (root + i - 52) % 12 for i in (0, 3 if minor else 4, 7))]


def cadence(tonic: int, minor: bool, seconds: float = 0.7, times: int = 3, cents: float = 0.0) -> np.ndarray:
    """I IV V I VI IV V I (in minor i iv V i VI iv V i)."""
    degrees = [(0, minor), (5, minor), (7, False), (0, minor), (8 if minor else 9, not minor), (5, minor), (7, False),
               (0, minor)]  # fmt: skip
    return np.concatenate([chord(triad(tonic + d, m), seconds, cents) for d, m in degrees] * times)
