"""The harmony instrument alone: params in, sound and notes out."""

from typing import NamedTuple

import numpy as np

from pix2live.dsp.oscillator import CHUNK
from pix2live.synth.harmony import CONTROLS, HARMONY_SPECS, Harmony, harmony_chunk
from pix2live.synth.notelog import NOTE_SLOTS
from pix2live.synth.patterns import PARTS

LOW_RATE = 8000  # composing does not hang on the rate, and is quicker to hear at a low one
CALM = dict(valence=0.5, arousal=-0.5, brightness=0.65, density=0.2, rhythm=0.25, roughness=0.1, tension=0.15)
CITY = dict(valence=-0.45, arousal=0.4, brightness=0.35, density=0.65, rhythm=0.45, roughness=0.35, tension=0.4)
CHAMBER = dict(valence=0.4, arousal=0.1, brightness=0.55, warmth=0.65, density=0.5, rhythm=0.35, tension=0.35)
MINIMAL = dict(valence=0.0, arousal=0.15, warmth=0.4, density=0.5, rhythm=0.7, roughness=0.3, tension=0.35)
STYLES = dict(ambient=CALM, pulse=CITY, chamber=CHAMBER, minimal=MINIMAL)


class Note(NamedTuple):
    """One note played; times in s, ``end_s`` None while it sounds."""

    part: str
    note: int
    velocity: float
    start_s: float
    end_s: float | None


def controls(**values):
    """A record of controls (1): defaults, but ``values`` (a choice by its name)."""
    record = np.zeros(1, CONTROLS)
    for spec in HARMONY_SPECS:
        name = spec.id.removeprefix("synth.harmony.")
        value = values.pop(name, spec.default)
        record[f"harmony_{name}"] = spec.choices.index(value) if isinstance(value, str) else value
    assert not values, values
    return record


class Listener:
    """Plays an instrument chunk by chunk and keeps every note."""

    def __init__(self, harmony, rate):
        self.harmony, self.rate = harmony, rate
        self.events, self.heard, self.chunks = [], int(harmony.state.note_count[0]), 0

    def play(self, seconds, beats=None, bpm=120.0, **values):
        """(2, frames) of what comes next; a value may be a function of the time in s, ``beats`` too."""
        count = round(seconds * self.rate / CHUNK)
        out = np.zeros((count, 2, CHUNK), np.float32)
        moving = {name: value for name, value in values.items() if callable(value)}
        record = controls(**{name: value(0.0) if callable(value) else value for name, value in values.items()})
        state = self.harmony.state
        for i in range(count):
            time_s = (self.chunks + i) * CHUNK / self.rate
            for name, value in moving.items():
                record[f"harmony_{name}"] = value(time_s)
            harmony_chunk(state, record[0], out[i], bpm, np.nan if beats is None else beats(time_s))
            newest = int(state.note_count[0])
            assert newest - self.heard < NOTE_SLOTS
            for j in range(self.heard, newest):
                event = state.notes[j % NOTE_SLOTS]
                self.events.append((int(event["position"]), int(event["voice"]), int(event["note"]),
                                    float(event["velocity"])))
            self.heard = newest
        self.chunks += count
        return out.transpose(1, 0, 2).reshape(2, -1)

    def notes(self, *parts):
        """Every note so far in order of its start, of all parts or those named."""
        found, sounding = [], {}
        for position, voice, note, velocity in self.events:
            if velocity > 0.0:
                sounding.setdefault((voice, note), []).append(len(found))
                found.append(Note(PARTS[voice], note, velocity, position / self.rate, None))
            else:
                i = sounding[voice, note].pop(0)
                found[i] = found[i]._replace(end_s=position / self.rate)
        return sorted((n for n in found if not parts or n.part in parts), key=lambda n: n.start_s)


def piece(seconds, seed=1, rate=LOW_RATE, **values):
    """A listener that has heard ``seconds`` of a new piece."""
    listener = Listener(Harmony(rate, seed), rate)
    listener.sound = listener.play(seconds, **values)
    return listener
