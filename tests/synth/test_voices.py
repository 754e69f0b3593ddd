"""The pool of additive voices and the drums, struck by hand."""

import numpy as np
import pytest

from pix2live.dsp.oscillator import CHUNK
from pix2live.synth.composing import chance
from pix2live.synth.harmony import Harmony
from pix2live.synth.patterns import ARP, GENERAL_MIDI, HAT, HITS, KICK, OPEN, PARTS, SNARE
from pix2live.synth.percussion import beat, drum
from pix2live.synth.sounds import BELL, DEEP_BASS, FLUTE, HARP, PIANO, SOUNDS, STRINGS
from pix2live.synth.voices import FOREVER, MOST_SOUNDING, brighten, sing, strike
from tests.synth.chain import above, rms

RATE = 48000.0


class Desk:
    """The memory of a harmony, its voices played one by one."""

    def __init__(self):
        self.memory = Harmony(RATE).state.memory[0]
        self.voices, self.log, self.drums = (self.memory[name] for name in ("voices", "log", "percussion"))
        self.now = 0
        brighten(self.voices, 0.5)

    def strike(self, sound, note, length_s=9.0, velocity=0.7, at=0, pan=0.0, brightness=0.5, roughness=0.0):
        length = int(length_s * RATE) if length_s else FOREVER
        return strike(self.voices, self.log, self.now, self.now + at, length, ARP, sound, note, velocity, pan,
                      brightness, roughness, 0.0, 1, RATE)  # fmt: skip

    def beat(self, which, velocity=1.0, at=0):
        beat(self.drums, self.log, self.now, self.now + at, which, velocity, 0.5, 0.1, 1, RATE)

    def play(self, seconds):
        out = np.zeros((round(seconds * RATE / CHUNK), 2, CHUNK), np.float32)
        for chunk in out:
            buses = np.zeros((len(PARTS), 2, CHUNK), np.float32)
            sing(self.voices, self.log, self.now, buses, RATE)
            drum(self.drums, self.log, self.now, buses[5], RATE)
            chunk[:] = buses.sum(0)
            self.now += CHUNK
        return out.transpose(1, 0, 2).reshape(2, -1)

    @property
    def sounding(self):
        return int((self.voices["voice"]["state"] != 0).sum())


def spectrum(sound):
    mono = sound.mean(0) * np.hanning(sound.shape[1])
    return np.abs(np.fft.rfft(mono)), np.fft.rfftfreq(sound.shape[1], 1.0 / RATE)


@pytest.mark.parametrize("sound", range(len(SOUNDS)), ids=SOUNDS)
def test_each_sound_is_in_tune_and_falls_silent(sound):
    desk = Desk()
    desk.strike(sound, 69, length_s=0.5)
    tone = desk.play(0.5)
    power, hz = spectrum(tone)
    near = (hz > 380.0) & (hz < 500.0)
    assert hz[near][np.argmax(power[near])] == pytest.approx(440.0, abs=4.0)
    desk.play(9.0)
    assert desk.sounding == 0
    assert not desk.play(0.1).any()


@pytest.mark.parametrize("at", [0, 1, 17, 63])
def test_a_note_begins_on_its_own_sample(at):
    desk = Desk()
    desk.strike(PIANO, 60, at=at)
    desk.beat(KICK, at=at)
    tone = np.abs(desk.play(0.01)).max(0)
    assert not tone[:at].any()
    assert tone[at : at + 4].any()


def test_nothing_sounds_above_the_hearing_of_the_rate():
    desk = Desk()
    desk.strike(HARP, 120, brightness=1.0)
    power, hz = spectrum(desk.play(0.4)[:, 4800:])
    assert power[hz > 17500.0].max() < 1e-4 * power.max()


def test_velocity_and_brightness_open_the_sound():
    def centroid(**how):
        desk = Desk()
        desk.strike(PIANO, 48, **how)
        power, hz = spectrum(desk.play(0.4))
        return float((power**2 * hz).sum() / (power**2).sum())

    assert centroid(velocity=0.2) < centroid(velocity=0.6) < centroid(velocity=1.0)
    assert centroid(brightness=0.0) < centroid(brightness=0.5) < centroid(brightness=1.0)


def test_high_partials_of_a_string_die_first():
    desk = Desk()
    desk.strike(HARP, 45)
    early, late = desk.play(0.4), desk.play(0.8)[:, -19200:]
    (first, hz), (last, _) = spectrum(early), spectrum(late)
    high, low = hz > 1000.0, hz < 300.0
    assert last[high].sum() / first[high].sum() < 0.5 * last[low].sum() / first[low].sum()


def test_pan_keeps_the_power():
    powers = []
    for pan in (-1.0, 0.0, 1.0):
        desk = Desk()
        desk.strike(DEEP_BASS, 45, pan=pan)
        left, right = desk.play(0.5)
        powers.append(rms(left) ** 2 + rms(right) ** 2)
        assert (rms(left) > 10.0 * rms(right)) == (pan < 0.0)
    assert powers == pytest.approx([powers[0]] * 3, rel=0.01)


def test_a_full_pool_steals_without_a_click():
    desk = Desk()
    for n in range(MOST_SOUNDING):
        assert desk.strike(DEEP_BASS, 24 + n % 24, length_s=0.0) >= 0
        desk.play(CHUNK / RATE)
    before = above(desk.play(0.3), 6000.0, int(RATE))
    for n in range(30):
        assert desk.strike(DEEP_BASS, 25 + n % 20, length_s=0.0) >= 0
        states = desk.voices["voice"]["state"]
        assert ((states == 1) | (states == 2)).sum() <= MOST_SOUNDING
        sound = desk.play(0.01)
        assert np.isfinite(sound).all()
    theft = above(np.concatenate([sound, desk.play(0.3)], axis=1), 6000.0, int(RATE))
    assert np.abs(theft[:, 200:]).max() < max(3.0 * np.abs(before[:, 2000:]).max(), 2e-4)
    assert int(desk.log["note_count"][0]) >= 2 * 30 + MOST_SOUNDING


def test_more_notes_at_once_than_the_pool_holds_are_dropped_not_cut():
    desk = Desk()
    slots = [desk.strike(FLUTE, 40 + n, length_s=0.0) for n in range(70)]
    assert slots.count(-1) == 70 - 64
    ons = desk.log["notes"][: int(desk.log["note_count"][0])]
    assert (ons["velocity"] > 0.0).sum() == 64


def test_struck_again_a_note_first_ends():
    desk = Desk()
    desk.strike(BELL, 72)
    desk.play(0.1)
    desk.strike(BELL, 72)
    told = desk.log["notes"][:3]
    assert [v > 0.0 for v in told["velocity"]] == [True, False, True]
    assert told["position"][1] <= told["position"][2]


def test_held_notes_follow_the_brightness():
    desk = Desk()
    desk.strike(STRINGS, 48, length_s=0.0)
    desk.play(2.0)
    levels = []
    for brightness in (0.1, 0.9):
        brighten(desk.voices, brightness)
        desk.play(0.5)
        power, hz = spectrum(desk.play(0.5))
        levels.append(power[hz > 800.0].sum() / power.sum())
    assert levels[1] > 1.5 * levels[0]


@pytest.mark.parametrize("which", range(len(HITS)), ids=HITS)
def test_each_drum_sounds_ends_and_is_told(which):
    desk = Desk()
    desk.beat(which)
    sound = desk.play(0.2)
    assert 0.02 < np.abs(sound).max() < 2.0
    desk.play(3.0)
    assert not desk.play(0.1).any()
    told = desk.log["notes"][: int(desk.log["note_count"][0])]
    assert told["note"].tolist() == [GENERAL_MIDI[which]] * 2
    assert told["velocity"][1] == 0.0


def test_kick_is_low_snare_middle_hat_high():
    middles = []
    for which in (KICK, SNARE, HAT):
        desk = Desk()
        desk.beat(which)
        power, hz = spectrum(desk.play(0.25))
        middles.append(float(hz[np.searchsorted(np.cumsum(power**2), 0.5 * (power**2).sum())]))
    assert middles[0] < 120.0 < middles[1] < 4000.0 < middles[2]


def test_a_closed_hat_chokes_an_open_one():
    def tail(choked):
        desk = Desk()
        desk.beat(OPEN)
        desk.play(0.05)
        if choked:
            desk.beat(HAT)
        desk.play(0.08)
        return rms(desk.play(0.05))

    assert tail(True) < 0.2 * tail(False)


def test_no_denormals_are_left():
    desk = Desk()
    for sound in range(len(SOUNDS)):
        desk.strike(sound, 50 + 3 * sound, length_s=0.3, velocity=chance(1, sound, 0, 0))
    desk.strike(HARP, 60, velocity=0.0)
    for which in range(len(HITS)):
        desk.beat(which, velocity=0.02)
    for _ in range(12):
        sound = desk.play(1.0)
        assert not ((np.abs(sound) < 1.2e-38) & (sound != 0.0)).any()
