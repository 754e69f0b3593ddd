"""The ears of the peers that are neural nets, for ``ears_peers_worker``. Runs in the peers' environment."""

import sys
import time
import types

import numpy as np
from ears_peers_sound import FRAME, blocks, sound


# ---- madmom --------------------------------------------------------------------------------------------------------
def _streamed(samples, net, hop=441):
    """The net's answer to each hop of 10 ms, fed like madmom's own programs feed a live stream."""
    from madmom.audio.signal import Signal
    held = np.zeros(FRAME, np.float32)
    for n, block in enumerate(blocks(samples, hop)):
        held[:-hop] = held[hop:]
        held[-hop:] = block
        yield (n + 1) * hop / 44100, net(Signal(held, sample_rate=44100), reset=n == 0)


def madmom_onset(online):
    from madmom.features.onsets import CNNOnsetProcessor, OnsetPeakPickingProcessor, RNNOnsetProcessor
    if online:
        net = RNNOnsetProcessor(online=True, num_frames=1, origin="stream", fps=100)
        pick = OnsetPeakPickingProcessor(threshold=0.23, combine=0.03, online=True, fps=100)
    else:
        net = CNNOnsetProcessor()
        pick = OnsetPeakPickingProcessor(threshold=0.54, smooth=0.05, fps=100)

    def hear_online(path):
        samples, given, known = sound(path, 44100), [], []
        began = time.process_time()
        for n, (now, activation) in enumerate(_streamed(samples, net)):
            found = pick.process_online(np.asarray(activation).reshape(-1), reset=n == 0)
            given += list(found)
            known += [now] * len(found)
        return {"onsets": given, "onsets_known": known, "cpu_s": time.process_time() - began}

    def hear(path):
        from madmom.audio.signal import Signal
        signal = Signal(sound(path, 44100), sample_rate=44100)
        began = time.process_time()
        return {"onsets": pick(net(signal)), "cpu_s": time.process_time() - began}
    return hear_online if online else hear


def madmom_superflux(online):
    """madmom's own SuperFlux program; online, no frame and no peak looks ahead, so that it is known as it is dated."""
    from madmom.audio.filters import LogarithmicFilterbank
    from madmom.audio.signal import Signal
    from madmom.features.onsets import OnsetPeakPickingProcessor, SpectralOnsetProcessor
    rate = 200
    flux = SpectralOnsetProcessor(
        onset_method="superflux", fps=rate, filterbank=LogarithmicFilterbank, num_bands=24, log=np.log10, mul=1, add=1,
        diff_ratio=0.5, diff_max_bins=3, positive_diffs=True, frame_size=FRAME, sample_rate=44100,
        origin="online" if online else "center")
    pick = OnsetPeakPickingProcessor(threshold=1.1, pre_max=0.01, post_max=0.0 if online else 0.05, pre_avg=0.15,
                                     post_avg=0, combine=0.03, delay=0, fps=rate)

    def hear(path):
        signal = Signal(sound(path, 44100), sample_rate=44100)
        began = time.process_time()
        onsets = pick(np.asarray(flux(signal)))
        return {"onsets": onsets, "cpu_s": time.process_time() - began}
    return hear


def madmom_beat(online):
    from madmom.features.beats import DBNBeatTrackingProcessor, RNNBeatProcessor
    if online:
        net = RNNBeatProcessor(online=True, num_frames=1, origin="stream", fps=100)
        track = DBNBeatTrackingProcessor(fps=100, online=True)
    else:
        net, track = RNNBeatProcessor(fps=100), DBNBeatTrackingProcessor(fps=100)

    def hear_online(path):
        samples, given, known = sound(path, 44100), [], []
        began = time.process_time()
        for n, (now, activation) in enumerate(_streamed(samples, net)):
            found = track.process_online(np.asarray(activation).reshape(-1), reset=n == 0)
            given += list(found)
            known += [now] * len(found)
        return {"beats": given, "beats_known": known, "cpu_s": time.process_time() - began}

    def hear(path):
        from madmom.audio.signal import Signal
        signal = Signal(sound(path, 44100), sample_rate=44100)
        began = time.process_time()
        return {"beats": track(net(signal)), "cpu_s": time.process_time() - began}
    return hear_online if online else hear


def madmom_downbeat():
    from madmom.audio.signal import Signal
    from madmom.features.downbeats import DBNDownBeatTrackingProcessor, RNNDownBeatProcessor
    net, track = RNNDownBeatProcessor(fps=100), DBNDownBeatTrackingProcessor(beats_per_bar=[3, 4], fps=100)

    def hear(path):
        signal = Signal(sound(path, 44100), sample_rate=44100)
        began = time.process_time()
        rows = np.asarray(track(net(signal))).reshape(-1, 2)
        return {"downbeats": rows[rows[:, 1] == 1, 0], "beats": rows[:, 0], "cpu_s": time.process_time() - began}
    return hear


def madmom_key():
    from madmom.audio.signal import Signal
    from madmom.features.key import CNNKeyRecognitionProcessor, key_prediction_to_label
    net = CNNKeyRecognitionProcessor()

    def hear(path):
        signal = Signal(sound(path, 44100), sample_rate=44100)
        began = time.process_time()
        return {"key": key_prediction_to_label(net(signal)), "cpu_s": time.process_time() - began}
    return hear


def madmom_chords():
    from madmom.audio.chroma import DeepChromaProcessor
    from madmom.audio.signal import Signal
    from madmom.features.chords import DeepChromaChordRecognitionProcessor
    net, decode = DeepChromaProcessor(), DeepChromaChordRecognitionProcessor()

    def hear(path):
        signal = Signal(sound(path, 44100), sample_rate=44100)
        began = time.process_time()
        rows = decode(net(signal))
        return {"chords": [(float(a), float(b), str(c)) for a, b, c in rows], "cpu_s": time.process_time() - began}
    return hear


# ---- BeatNet -------------------------------------------------------------------------------------------------------
def beatnet_beat():
    """CRNN and particle filter, the mode named "online": frames are centred, so each is known 32 ms after its stamp."""
    for name in ("pyaudio", "matplotlib", "matplotlib.pyplot"):  # wanted by its import for a microphone and plots
        sys.modules.setdefault(name, types.ModuleType(name))
    import torch
    from BeatNet.BeatNet import BeatNet
    torch.set_num_threads(1)
    np.in1d = getattr(np, "in1d", np.isin)  # numpy 2.4 dropped the name that it uses

    def hear(path):
        samples = sound(path, 22050)
        began = time.process_time()
        np.random.seed(1)
        rows = np.asarray(BeatNet(1, mode="online", inference_model="PF", plot=[]).process(samples)).reshape(-1, 2)
        cpu_s = time.process_time() - began
        known = rows[:, 0] + 0.032
        first = rows[:, 1] == 1
        return {"beats": rows[:, 0], "beats_known": known, "downbeats": rows[first, 0],
                "downbeats_known": known[first], "cpu_s": cpu_s}
    return hear
