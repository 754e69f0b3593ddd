"""Voices and effects of the built-in tune: kernels that add to buses which wrap around, so that its loop has no seam.

Every voice takes all its notes in one call, as an array of the record type beside it: times in samples, frequencies in
Hz, gains and sends 0..1, pan −1..1, width and resonance 0..1. Sources: PolyBLEP
sawtooth (Välimäki & Huovilainen 2007), state-variable filter (Zavalishin, "The Art of VA Filter Design"), feedback
delay network (Jot & Chaigne 1991).
"""

import math

import numpy as np

from pix2live.dsp.jit import kernel

TAU = 2.0 * math.pi
CONTROL = 32  # samples from one update of a filter to the next


def _record(fields: str) -> np.dtype:
    return np.dtype([(name, np.float64) for name in fields.split()])


SAW = _record("start samples hz gain detune saws attack_s release_s from_hz to_hz sweep_s resonance sub width echo "
              "hall")
BELL = _record("start samples hz gain ratio index decay_s pan echo hall")
NOISE = _record("start samples gain from_hz to_hz resonance attack_s decay_s pan width bursts hall")
SKIN = _record("start samples gain from_hz to_hz fall_s decay_s click hall")


@kernel
def saturate(x):
    """A soft clip: nearly tanh, exactly 1 from 3 on."""
    x = min(3.0, max(-3.0, x))
    return x * (27.0 + x * x) / (27.0 + 9.0 * x * x)


@kernel
def sing(bus, echo, hall, notes, rate):
    """Detuned sawtooth voices through a resonant lowpass.

    The cutoff falls or rises from ``from_hz`` to ``to_hz``; ``sub`` is a sine below; ``detune`` a ratio.
    """
    size = len(bus)
    phase, step = np.zeros(8), np.zeros(8)
    for row in range(len(notes)):
        note = notes[row]
        start, count, saws = int(note.start), int(note.samples), int(note.saws)
        for i in range(saws):
            place = (i - 0.5 * (saws - 1)) / max(1.0, 0.5 * (saws - 1))
            step[i] = note.hz * (1.0 + note.detune * place) / rate
            phase[i] = (0.37 * row + 0.618034 * (i + 1)) % 1.0
        attack, release = 1.0 / max(1.0, note.attack_s * rate), 1.0 / max(1.0, note.release_s * rate)
        damping = 2.0 - 1.9 * note.resonance
        level = note.gain / math.sqrt(saws)
        near, far = 0.5 + 0.5 * note.width, 0.5 - 0.5 * note.width
        sub_step, sub_phase = note.hz / rate, 0.0
        l1 = l2 = r1 = r2 = 0.0
        g = a1 = 0.0
        at = (start - 1) % size
        for n in range(count):
            if n % CONTROL == 0:
                sweep = math.exp(-n / (note.sweep_s * rate))
                hz = note.to_hz * (note.from_hz / note.to_hz) ** sweep
                g = math.tan(math.pi * min(hz, 0.42 * rate) / rate)
                a1 = 1.0 / (1.0 + g * (g + damping))
            left = right = 0.0
            for i in range(saws):
                p, d = phase[i], step[i]
                x = 2.0 * p - 1.0
                if p < d:
                    u = p / d
                    x -= u + u - u * u - 1.0
                elif p > 1.0 - d:
                    u = (p - 1.0) / d
                    x -= u * u + u + u + 1.0
                p += d
                phase[i] = p - 1.0 if p >= 1.0 else p
                if i % 2:
                    left += far * x
                    right += near * x
                else:
                    left += near * x
                    right += far * x
            v3 = left - l2
            v1 = a1 * (l1 + g * v3)
            v2 = l2 + g * v1
            l1, l2 = 2.0 * v1 - l1, 2.0 * v2 - l2
            left = v2
            v3 = right - r2
            v1 = a1 * (r1 + g * v3)
            v2 = r2 + g * v1
            r1, r2 = 2.0 * v1 - r1, 2.0 * v2 - r2
            right = v2
            if note.sub > 0.0:
                sine = note.sub * math.sin(TAU * sub_phase)
                sub_phase += sub_step
                sub_phase -= math.floor(sub_phase)
                left += sine
                right += sine
            fade = level * min(1.0, n * attack) * min(1.0, (count - n) * release)
            left, right = fade * left, fade * right
            at = at + 1 if at + 1 < size else 0
            bus[at, 0] += left
            bus[at, 1] += right
            echo[at] += note.echo * (left + right)
            hall[at, 0] += note.hall * left
            hall[at, 1] += note.hall * right


@kernel
def ring(bus, echo, hall, notes, rate):
    """Bells: one sine bends another (FM), both die away."""
    size = len(bus)
    for row in range(len(notes)):
        note = notes[row]
        start, count = int(note.start), int(note.samples)
        left, right = math.sqrt(0.5 - 0.5 * note.pan), math.sqrt(0.5 + 0.5 * note.pan)
        carrier = modulator = 0.0
        step = note.hz / rate
        fade, bright = note.gain, note.index
        attack, ending = 1.0 / (0.002 * rate), 1.0 / (0.02 * rate)
        fade_step, bright_step = math.exp(-1.0 / (note.decay_s * rate)), math.exp(-3.0 / (note.decay_s * rate))
        at = (start - 1) % size
        for n in range(count):
            x = fade * math.sin(TAU * carrier + bright * math.sin(TAU * modulator))
            x *= min(1.0, n * attack) * min(1.0, (count - n) * ending)
            carrier += step
            carrier -= math.floor(carrier)
            modulator += note.ratio * step
            modulator -= math.floor(modulator)
            fade *= fade_step
            bright *= bright_step
            at = at + 1 if at + 1 < size else 0
            bus[at, 0] += left * x
            bus[at, 1] += right * x
            echo[at] += note.echo * x
            hall[at, 0] += note.hall * left * x
            hall[at, 1] += note.hall * right * x


@kernel
def hiss(bus, hall, notes, rate):
    """Noise through a bandpass: hats, claps, shakers, cymbals, risers.

    ``decay_s`` 0 rises to the end and stops there; ``bursts`` are the hands of a clap.
    """
    size = len(bus)
    for row in range(len(notes)):
        note = notes[row]
        start, count, bursts = int(note.start), int(note.samples), int(note.bursts)
        seed = (2654435761 * (row + 1) + 12345) & 0xFFFFFFFF
        damping = 2.0 - 1.9 * note.resonance
        left_gain, right_gain = note.gain * math.sqrt(0.5 - 0.5 * note.pan), note.gain * math.sqrt(0.5 + 0.5 * note.pan)
        gap, per, ending = int(0.011 * rate), 1.0 / count, 1.0 / (0.006 * rate)
        attack, burst_fall = 1.0 / max(1.0, note.attack_s * rate), math.exp(-1.0 / (0.006 * rate))
        tail_fall = math.exp(-1.0 / (max(note.decay_s, 0.001) * rate))
        since, fall, falling = 0, 1.0, tail_fall
        l1 = l2 = r1 = r2 = 0.0
        g = a1 = 0.0
        at = (start - 1) % size
        for n in range(count):
            if n % CONTROL == 0:
                hz = note.from_hz * (note.to_hz / note.from_hz) ** (n / count)
                g = math.tan(math.pi * min(hz, 0.42 * rate) / rate)
                a1 = 1.0 / (1.0 + g * (g + damping))
            seed = (seed * 1664525 + 1013904223) & 0xFFFFFFFF
            mid = seed * (2.0 / 4294967296.0) - 1.0
            seed = (seed * 1664525 + 1013904223) & 0xFFFFFFFF
            side = note.width * (seed * (2.0 / 4294967296.0) - 1.0)
            v1 = a1 * (l1 + g * (mid + side - l2))
            v2 = l2 + g * v1
            l1, l2 = 2.0 * v1 - l1, 2.0 * v2 - l2
            left = damping * v1
            v1 = a1 * (r1 + g * (mid - side - r2))
            v2 = r2 + g * v1
            r1, r2 = 2.0 * v1 - r1, 2.0 * v2 - r2
            right = damping * v1
            if note.decay_s <= 0.0:
                fade = n * per * n * per
            else:
                if n < bursts * gap and n % gap == 0:
                    since, fall, falling = 0, 1.0, burst_fall
                elif n == bursts * gap:
                    since, fall, falling = 0, 1.0, tail_fall
                fade = min(1.0, since * attack) * fall
                since += 1
                fall *= falling
            fade *= min(1.0, (count - n) * ending)
            left, right = left_gain * fade * left, right_gain * fade * right
            at = at + 1 if at + 1 < size else 0
            bus[at, 0] += left
            bus[at, 1] += right
            hall[at, 0] += note.hall * left
            hall[at, 1] += note.hall * right


@kernel
def thump(bus, hall, notes, rate):
    """Drum skins: a sine that falls in pitch, with a click."""
    size = len(bus)
    for row in range(len(notes)):
        note = notes[row]
        start, count = int(note.start), int(note.samples)
        phase = click_phase = 0.0
        bend, fade, click = note.from_hz - note.to_hz, 1.0, note.click
        bend_fall, fade_fall = math.exp(-1.0 / (note.fall_s * rate)), math.exp(-1.0 / (note.decay_s * rate))
        click_fall, attack, ending = math.exp(-1.0 / (0.0012 * rate)), 1.0 / (0.0008 * rate), 1.0 / (0.01 * rate)
        at = (start - 1) % size
        for n in range(count):
            phase += (note.to_hz + bend) / rate
            phase -= math.floor(phase)
            x = math.sin(TAU * phase) * fade
            if click > 1e-4:
                x += click * math.sin(TAU * click_phase)
                click_phase += 2900.0 / rate
            bend *= bend_fall
            fade *= fade_fall
            click *= click_fall
            x = saturate(1.6 * x) * note.gain * min(1.0, n * attack) * min(1.0, (count - n) * ending)
            at = at + 1 if at + 1 < size else 0
            bus[at, 0] += x
            bus[at, 1] += x
            hall[at, 0] += note.hall * x
            hall[at, 1] += note.hall * x


@kernel
def spread(echo, hall, beat, rate):
    """Echo (ping-pong, a dotted eighth) and hall (eight delays that feed each other), written over ``hall``.

    The last 8 s are run through once beforehand, so that what rings at the end rings on at the start.
    """
    size = len(hall)
    gap = int(0.75 * beat)
    left_line, right_line = np.zeros(gap), np.zeros(gap)
    lengths, spots = np.zeros(8, np.int64), np.zeros(8, np.int64)
    lines = np.zeros((8, int(0.1 * rate) + 8))
    gains, damped, now = np.zeros(8), np.zeros(8), np.zeros(8)
    for i in range(8):
        # From 31 to 83 ms, no two with a common beat; 3.4 s to die away by 60 dB.
        lengths[i] = int(rate * (0.0313 + 0.0517 * (i / 7.0) ** 1.13)) | 1
        gains[i] = 10.0 ** (-3.0 * lengths[i] / rate / 3.4)
    dark = 1.0 - math.exp(-TAU * 5200.0 / rate)
    dull = 1.0 - math.exp(-TAU * 3400.0 / rate)
    thin = 1.0 - math.exp(-TAU * 180.0 / rate)
    le = re = lt = rt = hl = hr = 0.0
    spot = 0
    warm = min(size, int(8.0 * rate))
    for n in range(-warm, size):
        at = n if n >= 0 else n + size
        spot = spot + 1 if spot + 1 < gap else 0
        lo, ro = left_line[spot], right_line[spot]
        le += dull * (lo - le)
        re += dull * (ro - re)
        lt += thin * (le - lt)
        rt += thin * (re - rt)
        left_line[spot] = echo[at] + 0.52 * (re - rt)
        right_line[spot] = 0.52 * (le - lt)
        li, ri = hall[at, 0] + 0.3 * lo, hall[at, 1] + 0.3 * ro
        # Bass muddies a hall.
        hl += thin * (li - hl)
        hr += thin * (ri - hr)
        li -= hl
        ri -= hr
        total = 0.0
        for i in range(8):
            x = lines[i, spots[i]]
            damped[i] += dark * (x - damped[i])
            now[i] = damped[i] * gains[i]
            total += now[i]
        total *= 0.25
        wet_l = wet_r = 0.0
        for i in range(8):
            x = now[i] - total
            lines[i, spots[i]] = x + (ri if i % 2 else li)
            spots[i] = spots[i] + 1 if spots[i] + 1 < lengths[i] else 0
            if i % 2:
                wet_r += now[i] if i % 4 == 1 else -now[i]
            else:
                wet_l += now[i] if i % 4 == 0 else -now[i]
        if n >= 0:
            hall[at, 0] = lo + 0.42 * wet_l
            hall[at, 1] = ro + 0.42 * wet_r


@kernel
def blend(drums, music, wet, kicks, depth, gain, ceiling, rate):
    """Duck music and hall under the kick, glue everything with a slow compressor, round the peaks; into ``drums``.

    kicks: sorted starts in samples. depth 0..1 of the ducking. ceiling: no sample goes beyond.
    """
    size = len(drums)
    warm = min(size, int(2.0 * rate))
    up, down = 1.0 - math.exp(-1.0 / (0.008 * rate)), 1.0 - math.exp(-1.0 / (0.16 * rate))
    glide = 1.0 - math.exp(-1.0 / (0.002 * rate))
    level, duck, target, less, turn = 0.0, 1.0, 1.0, gain, len(kicks) - 1
    while turn > 0 and kicks[turn] - size > -warm:
        turn -= 1
    last, turn = kicks[turn] - size, turn + 1
    for n in range(-warm, size):
        if n == 0:
            turn = 0
        if turn < len(kicks) and (kicks[turn] if n >= 0 else kicks[turn] - size) == n:
            last = n
            turn += 1
        if n % 8 == 0:
            since = (n - last) / rate
            target = 1.0 - depth * math.exp(-((since / 0.17) ** 2)) if since < 0.6 else 1.0
            less = gain * (1.0 if level < 0.35 else (level / 0.35) ** -0.4)
        duck += glide * (target - duck)
        at = n if n >= 0 else n + size
        left = drums[at, 0] + duck * (music[at, 0] + wet[at, 0])
        right = drums[at, 1] + duck * (music[at, 1] + wet[at, 1])
        loud = gain * max(abs(left), abs(right))
        level += (up if loud > level else down) * (loud - level)
        if n >= 0:
            drums[at, 0] = ceiling * saturate(less * left / ceiling)
            drums[at, 1] = ceiling * saturate(less * right / ceiling)
