"""What is heard hop by hop, in order and none twice: beat, tone and form.

    bus.audio, bus.sound_in (every hop, once) ─┬─ novelty ─ pulse ─ tempo ─┐
                                               ├─ tone ────────────────────┼─ bus.hearing (a frame for each hop)
                                               └─ form ────────────────────┘

Results hang on the sequence of hops alone, so live equals offline. A hop is heard a few milliseconds after its end.
"""

import numpy as np

from pix2live.analysis.form import Form
from pix2live.analysis.novelty import Novelty
from pix2live.analysis.pulse import Pulse
from pix2live.analysis.tempo import Tempo
from pix2live.analysis.tone import Tone
from pix2live.signals import table
from pix2live.signals.bus import Bus

USUAL = (48000.0, 256)  # frames a second, frames a hop
MOST_HOPS = 96  # in one step: what has piled up is caught up with bit by bit, and the camera not kept waiting
_COUNTERS = np.array([name in ("beat.count", "beat.bar", "form.section_count") for name in table.SECTIONS["hearing"]])


class Hearing:
    """Runs the stages that hear over a longer time than the audio callback may take.

    Args:
        bus: read: ``audio`` and ``sound_in``; written: ``hearing``.

    All kernels are compiled here. For one thread, soft real time: about 0.3 ms a hop.
    """

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._audio = bus.audio.record()
        self._next = 0
        self._continued = np.zeros(len(table.SECTIONS["hearing"]))
        last = bus.hearing.record()
        if bus.hearing.newest(last) >= 0:
            # After a crash counters go on from where they stood.
            self._continued[_COUNTERS] = last["scalars"][0][_COUNTERS]
            self._next = max(int(last["hop"][0]) + 1, bus.audio.count - MOST_HOPS)
        self._build(USUAL)

    def _build(self, kind: tuple[float, int]) -> None:
        self._kind = kind
        rate, hop = kind
        self._stereo = np.zeros((hop, 2), np.float32)
        self._mono = np.zeros(hop, np.float32)
        self._row = np.zeros(len(table.SECTIONS["hearing"]))
        beats, tones = len(table.BEAT), len(table.TONE)
        self._beat, self._tones, self._forms = (
            self._row[:beats], self._row[beats:beats + tones], self._row[beats + tones:])
        self._novelty, self._tempo = Novelty(rate, hop), Tempo(rate, hop)
        self._tone, self._form = Tone(rate, hop), Form(rate, hop)
        self._pulse = Pulse(self._novelty.centre_hz)

    def step(self) -> int:
        """Hear what has come since the last step, up to half a second of it; returns the number of hops."""
        bus, heard = self._bus, 0
        newest = bus.audio.count
        while self._next < newest and heard < MOST_HOPS:
            if bus.audio.read(self._next, self._audio):
                self._hear()
                heard += 1
                self._next += 1
            else:
                # Too far behind: this process was held up for longer than the bus remembers.
                self._next = max(self._next + 1, newest - MOST_HOPS)
        return heard

    def _hear(self) -> None:
        audio = self._audio
        kind = float(audio["rate"][0]), int(audio["hop_frames"][0])
        if kind != self._kind:
            self._build(kind)
        samples = self._mono
        if self._bus.sound_in.read(int(audio["end_frame"][0]) - len(samples), self._stereo):
            np.add(self._stereo[:, 0], self._stereo[:, 1], out=samples)
            samples *= 0.5
        else:
            samples.fill(0.0)
        scalars = audio["scalars"][0][:len(table.AUDIO)]
        novelty = self._novelty
        functions = novelty.process(samples)
        self._tempo.process(functions, self._pulse.process(novelty.logs, novelty.smooth), self._beat)
        self._tone.process(samples, self._tones)
        self._form.process(audio["mel"][0], scalars, self._forms)
        frame = self._bus.hearing.frame
        frame["stamp"], frame["hop"] = audio["stamp"][0], audio["hop"][0]
        np.add(self._row, self._continued, out=frame["scalars"][0])
        self._bus.hearing.publish()
