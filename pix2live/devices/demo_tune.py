"""The built-in tune: what is heard where no sound card and no file are."""

import numpy as np

BPM = 118.0
BARS = 40
_BEAT_S = 60.0 / BPM
# Four chords of two bars; each: the bass note, then the pad's notes (MIDI numbers).
_FIRST = ((38, (57, 60, 64, 65)), (34, (57, 60, 62, 65)), (41, (57, 60, 64, 67)), (36, (55, 60, 62, 64)))
_SECOND = ((43, (58, 62, 65, 69)), (45, (57, 60, 64, 67)), (34, (58, 62, 65, 69)), (36, (55, 60, 65, 67)))
# Cycles of eight bars: entering, groove, turn, breakdown and build, return.
_CYCLES = (_FIRST, _FIRST, _SECOND, _FIRST, _FIRST)
_MELODY = (  # bar in the cycle, step, steps long, note
    (0, 0, 6, 74), (0, 8, 4, 72), (0, 14, 8, 69), (1, 8, 6, 70), (2, 0, 6, 72), (2, 8, 4, 69), (2, 14, 12, 64),
    (4, 0, 6, 74), (4, 8, 4, 77), (4, 14, 6, 76), (5, 6, 8, 72), (6, 0, 8, 74), (6, 10, 4, 72), (7, 0, 12, 69),
)
_RETURN = (
    (0, 0, 3, 77), (0, 3, 3, 76), (0, 6, 8, 74), (1, 2, 4, 72), (1, 8, 6, 69), (2, 0, 3, 77), (2, 3, 3, 76),
    (2, 6, 10, 81), (4, 0, 3, 79), (4, 3, 3, 77), (4, 6, 8, 76), (5, 4, 8, 72), (6, 0, 6, 74), (6, 8, 6, 76),
    (7, 0, 8, 79),
)
_BELLS = ((0, 0, 81), (0, 10, 76), (1, 6, 77), (2, 0, 81), (2, 12, 84), (3, 8, 77), (4, 0, 79), (4, 6, 76), (5, 4, 84),
          (5, 14, 81), (6, 4, 79), (7, 0, 76), (7, 8, 74))
_BASS = ((0, 3, 0, 1.0), (3, 2, 0, 0.8), (6, 1, 12, 0.7), (8, 2, 0, 0.9), (10, 1, 7, 0.7), (11, 2, 0, 0.9),
         (14, 2, 12, 0.75))  # step, steps long, semitones above the chord's bass note, strength
# Filter and level in each cycle: dark at first, open at the return.
_PLUCK_SOUND = ((1000.0, 0.12), (2800.0, 0.2), (2400.0, 0.16), (1200.0, 0.09), (5200.0, 0.23))
_PLUCK_ORDER = (0, 2, 4, 1, 3, 5, 2, 4, 6, 3, 1, 5)
_PLUCK_RHYTHM = (1.0, 0.0, 0.55, 0.8, 0.0, 0.7, 0.5, 0.0, 0.9, 0.45, 0.0, 0.75, 0.6, 0.0, 0.8, 0.5)


def _hz(note: float) -> float:
    return 440.0 * 2.0 ** ((note - 69.0) / 12.0)


# A voice's usual settings; a note names what differs.
_BASS_SAW = {"detune": 0.004, "saws": 2, "attack_s": 0.003, "release_s": 0.03, "to_hz": 130.0, "sweep_s": 0.075,
             "resonance": 0.35, "sub": 0.9, "width": 0.15, "echo": 0.0, "hall": 0.0}
_DRONE_SAW = _BASS_SAW | {"attack_s": 0.4, "release_s": 1.4, "from_hz": 110.0, "to_hz": 240.0, "sweep_s": 2.0,
                          "resonance": 0.1, "sub": 1.3, "width": 0.2}
_PAD_SAW = {"detune": 0.0055, "saws": 4, "attack_s": 0.5, "release_s": 0.9, "resonance": 0.08, "sub": 0.0, "width": 1.0,
            "echo": 0.02, "hall": 0.55}
_PLUCK_SAW = {"detune": 0.006, "saws": 2, "attack_s": 0.002, "release_s": 0.25, "to_hz": 260.0, "sweep_s": 0.09,
              "resonance": 0.3, "sub": 0.0, "width": 0.7, "echo": 0.32, "hall": 0.18}
_LEAD_SAW = {"detune": 0.005, "saws": 3, "attack_s": 0.03, "release_s": 0.22, "from_hz": 1100.0, "to_hz": 4200.0,
             "sweep_s": 0.18, "resonance": 0.2, "sub": 0.15, "width": 0.5, "echo": 0.26, "hall": 0.4}
_BELL = {"ratio": 3.5, "index": 2.2, "decay_s": 0.55, "echo": 0.35, "hall": 0.5}
_CLAP = {"gain": 0.85, "from_hz": 1500.0, "to_hz": 1150.0, "resonance": 0.45, "attack_s": 0.0005, "decay_s": 0.085,
         "pan": 0.05, "width": 0.5, "bursts": 3, "hall": 0.35}
_SNARE = {"from_hz": 1900.0, "to_hz": 1500.0, "resonance": 0.4, "attack_s": 0.0005, "decay_s": 0.055, "pan": 0.0,
          "width": 0.4, "bursts": 0, "hall": 0.28}
_HAT = {"from_hz": 9500.0, "to_hz": 8800.0, "resonance": 0.25, "attack_s": 0.0006, "width": 0.35, "bursts": 0,
        "hall": 0.05}
_SHAKER = {"from_hz": 5200.0, "to_hz": 6400.0, "resonance": 0.5, "attack_s": 0.018, "decay_s": 0.03, "pan": 0.4,
           "width": 0.25, "bursts": 0, "hall": 0.1}
_CRASH = {"from_hz": 5200.0, "to_hz": 3800.0, "resonance": 0.0, "attack_s": 0.001, "decay_s": 0.75, "pan": 0.0,
          "width": 0.8, "bursts": 0, "hall": 0.4}
_WIND = {"from_hz": 400.0, "to_hz": 7600.0, "resonance": 0.55, "attack_s": 0.0, "decay_s": 0.0, "pan": 0.0,
         "width": 0.6, "bursts": 0, "hall": 0.25}
_KICK = {"from_hz": 210.0, "to_hz": 47.0, "fall_s": 0.026, "decay_s": 0.14, "click": 0.6, "hall": 0.0}
_TOM = {"from_hz": 260.0, "to_hz": 175.0, "fall_s": 0.02, "decay_s": 0.05, "click": 0.2, "hall": 0.15}
_IMPACT = {"gain": 0.3, "from_hz": 95.0, "to_hz": 34.0, "fall_s": 0.25, "decay_s": 0.7, "click": 0.0, "hall": 0.1}
_FILLS = (7, 15, 23, 39)  # bars that end in a fill
_QUIET = range(24, 32)  # breakdown and build: no kick


class _Score:
    """The notes of each voice, as dictionaries of its record's fields."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.saws: list[dict[str, float]] = []
        self.bells: list[dict[str, float]] = []
        self.noises: list[dict[str, float]] = []
        self.skins: list[dict[str, float]] = []
        self.kicks: list[int] = []
        self._human = np.random.default_rng(118).uniform(-1.0, 1.0, 4096)
        self._drawn = 0
        for bar in range(BARS):
            self._drums(bar)
            self._bass(bar)
            self._plucks(bar)
            if bar % 2 == 0:
                self._pad(bar)
        self._leads()
        self._transitions()

    def at(self, bar: float, step: float = 0.0) -> int:
        """Sample at which a step (a sixteenth; odd ones swing a little) of a bar begins."""
        swing = 0.12 if step % 2 == 1.0 else 0.0
        return round((bar * 4.0 + (step + swing) / 4.0) * _BEAT_S * self.rate)

    def _note(self, bar: float, step: float, seconds: float, kind: dict[str, float], **more: float) -> dict[str, float]:
        return kind | {"start": self.at(bar, step), "samples": round(seconds * self.rate)} | more

    def _vary(self) -> float:
        """−1..1, as a hand is never twice the same; the same hand each time."""
        self._drawn += 1
        return float(self._human[self._drawn % 4096])

    def _drums(self, bar: int) -> None:
        if bar not in _QUIET:
            for step in (0, 4, 8, *(() if bar in _FILLS else (12,)), *((14,) if bar % 4 == 2 else ())):
                gain = (0.3 if bar < 4 else 0.36 if bar < 32 else 0.4) * (0.7 if step == 14 else 1.0)
                self.skins.append(self._note(bar, step, 0.42, _KICK, gain=gain))
                self.kicks.append(self.at(bar, step))
        if bar >= 8 and bar not in _QUIET:
            for step in (4, 12):
                self.noises.append(self._note(bar, step, 0.35, _CLAP))
                self.skins.append(self._note(bar, step, 0.16, _TOM, gain=0.12))
        if bar >= 4 and bar not in _QUIET:
            for step in range(16):
                if step % 4 == 2:
                    self._hat(bar, step, 0.36 + 0.04 * self._vary(), 0.16 if bar >= 8 else 0.07)
                elif bar >= 12:
                    self._hat(bar, step, (0.16 if step % 2 else 0.24) + 0.04 * self._vary(), 0.028)
        if bar >= 16 and bar not in _QUIET:
            for step in range(16):
                gain = (0.09, 0.16, 0.24, 0.14)[step % 4] * (1.0 + 0.2 * self._vary())
                self.noises.append(self._note(bar, step, 0.09, _SHAKER, gain=gain))

    def _hat(self, bar: int, step: int, gain: float, decay_s: float) -> None:
        pan = -0.25 + 0.15 * self._vary()
        self.noises.append(self._note(bar, step, 5.0 * decay_s, _HAT, gain=gain, decay_s=decay_s, pan=pan))

    def _chord(self, bar: int) -> tuple[int, tuple[int, ...]]:
        return _CYCLES[bar // 8][bar % 8 // 2]

    def _bass(self, bar: int) -> None:
        root, _ = self._chord(bar)
        if 24 <= bar < 30 and bar % 2 == 0:
            self.saws.append(self._note(bar, 0, 7.6 * _BEAT_S, _DRONE_SAW, hz=_hz(root), gain=0.08))
        if bar < 4 or bar in _QUIET:
            return
        opened, gain = (520.0, 0.13) if bar < 8 else (900.0, 0.13) if bar < 32 else (1400.0, 0.15)
        for step, steps, above, strength in _BASS:
            self.saws.append(self._note(bar, step, 0.92 * steps * _BEAT_S / 4.0, _BASS_SAW, hz=_hz(root + above),
                                        gain=gain * strength, from_hz=opened))

    def _pad(self, bar: int) -> None:
        bright = 900.0 + 300.0 * (bar - 24) if bar in _QUIET else (1100.0, 1500.0, 2200.0, 0.0, 3200.0)[bar // 8]
        gain = 0.062 if 24 <= bar < 28 else 0.1
        for i, note in enumerate(self._chord(bar)[1]):
            self.saws.append(self._note(bar, 0, 8.6 * _BEAT_S, _PAD_SAW, hz=_hz(note), gain=gain,
                                        from_hz=0.45 * bright, to_hz=bright, sweep_s=1.1 + 0.2 * i))

    def _plucks(self, bar: int) -> None:
        chord = self._chord(bar)[1]
        scale = [*chord, *(n + 12 for n in chord)]
        bright, gain = _PLUCK_SOUND[bar // 8]
        if bar < 8:
            bright += 150.0 * bar
        if 28 <= bar < 32:
            bright, gain = 1400.0 + 1200.0 * (bar - 28), 0.11 + 0.03 * (bar - 28)
        for step, strength in enumerate(_PLUCK_RHYTHM):
            sparse = 24 <= bar < 28 and step % 8 not in (0, 3)
            held_breath = bar == 31 and step >= 12
            if strength == 0.0 or sparse or held_breath:
                continue
            note = scale[_PLUCK_ORDER[(bar * 16 + step) % len(_PLUCK_ORDER)]]
            if bar >= 32 and step % 3 == 0:
                note += 12
            played = strength * (1.0 + 0.12 * self._vary())
            self.saws.append(self._note(bar, step, 0.42, _PLUCK_SAW, hz=_hz(note), gain=gain * played,
                                        from_hz=bright * (0.6 + 0.8 * played)))

    def _leads(self) -> None:
        for first, melody, gain in ((16, _MELODY, 0.13), (32, _RETURN, 0.15)):
            for bar, step, steps, note in melody:
                seconds = (steps + 1.5) * _BEAT_S / 4.0
                self.saws.append(self._note(first + bar, step, seconds, _LEAD_SAW, hz=_hz(note), gain=gain))
        for first, gain in ((24, 0.13), (32, 0.07), (8, 0.06)):
            for bar, step, note in _BELLS:
                self.bells.append(self._note(first + bar, step, 2.4, _BELL, hz=_hz(note), pan=0.6 * self._vary(),
                                             gain=gain * (1.0 + 0.15 * self._vary())))

    def _transitions(self) -> None:
        for bar, gain in ((0, 0.16), (8, 0.22), (16, 0.2), (24, 0.16), (32, 0.32)):
            self.noises.append(self._note(bar, 0, 3.2, _CRASH, gain=gain))
        # Wind that rises into each change; the long one is the build.
        winds = ((6.5, 1.5, 0.1), (14.5, 1.5, 0.1), (22.0, 2.0, 0.08), (28.0, 3.75, 0.3), (38.0, 2.0, 0.12))
        for begin, bars, gain in winds:
            self.noises.append(self._note(begin, 0, bars * 4.0 * _BEAT_S, _WIND, gain=gain))
        # The roll of the build, eighths then sixteenths, and a held breath before the return.
        roll = [*((30, step) for step in range(0, 16, 2)), *((31, step) for step in range(12))]
        for i, (bar, step) in enumerate(roll):
            grow = (i + 1) / len(roll)
            self.noises.append(self._note(bar, step, 0.16, _SNARE, gain=0.1 + 0.4 * grow,
                                          from_hz=1300.0 + 1700.0 * grow, to_hz=1200.0 + 1500.0 * grow))
            self.skins.append(self._note(bar, step, 0.12, _TOM, gain=0.1 + 0.12 * grow, from_hz=300.0 + 130.0 * grow,
                                         to_hz=200.0 + 110.0 * grow))
        for bar in _FILLS:
            for step, gain in ((12, 0.24), (13, 0.16), (14, 0.3), (15, 0.36)):
                self.noises.append(self._note(bar, step, 0.14, _SNARE, gain=gain, pan=0.3 * self._vary()))
        self.skins.append(self._note(32, 0, 2.5, _IMPACT))


def _records(notes: list[dict[str, float]], kind: np.dtype) -> np.ndarray:
    assert kind.names is not None
    return np.array([tuple(float(note[name]) for name in kind.names) for note in notes], kind)


def _render(rate: int) -> np.ndarray:
    """The whole tune, float32 ``(frames, 2)``: the same samples each time."""
    from pix2live.devices import demo_voices as voices

    score = _Score(rate)
    size = score.at(BARS)
    drums, music, hall = (np.zeros((size, 2), np.float32) for _ in range(3))
    echo = np.zeros(size, np.float32)
    voices.sing(music, echo, hall, _records(score.saws, voices.SAW), float(rate))
    voices.ring(music, echo, hall, _records(score.bells, voices.BELL), float(rate))
    voices.hiss(drums, hall, _records(score.noises, voices.NOISE), float(rate))
    voices.thump(drums, hall, _records(score.skins, voices.SKIN), float(rate))
    voices.spread(echo, hall, _BEAT_S * rate, float(rate))
    voices.blend(drums, music, hall, np.array(sorted(score.kicks)), 0.62, 1.0, 0.69, float(rate))
    return drums


class DemoTune:
    """An original tune of 81 s that loops without a seam, with the face of ``AudioFile``.

    D minor at 118 beats a minute: it enters with kick and pad, adds bass and hats, then claps, turns to a second
    set of chords with a melody, falls away to bells, builds, and returns in full. Made at once when opened (from
    code, the same samples each time), so that ``read`` only copies: fit for the audio callback.

    Args:
        rate: frames a second.

    Attributes:
        channels: 2. frames, duration_s: one turn. bpm: its tempo; beat 0 is frame 0.
        ended, error, underruns: False, None, 0, always.
    """

    channels = 2
    loop = True
    ended = False
    error = None
    underruns = 0
    bpm = BPM

    def __init__(self, rate: int) -> None:
        self.rate = int(rate)
        self._sound = _render(self.rate)
        self._sound.flags.writeable = False
        self.frames = len(self._sound)
        self.duration_s = self.frames / self.rate
        self._at = 0

    def read(self, out: np.ndarray) -> int:
        """Fill ``out``, float32 ``(frames, 2)``, with what comes next; returns its length."""
        done = 0
        while done < len(out):
            count = min(len(out) - done, self.frames - self._at)
            out[done : done + count] = self._sound[self._at : self._at + count]
            self._at = (self._at + count) % self.frames
            done += count
        return done

    def reset(self) -> None:
        """Back to the start."""
        self._at = 0

    def start_prefetch(self) -> None:
        """Nothing to do: everything is here."""

    def close(self) -> None:
        """Nothing to let go."""
