"""Train the drum net and write ``pix2live/models/zoo/drums.onnx``: kick, snare and hat out of busy music, causally.

Needs ``pip install torch onnx scipy soundfile`` beside pix2live, and from Debian (all free to train on: CC0 and MIT)
``sonic-pi-samples hydrogen-drumkits fluid-soundfont-gm fluidsynth``. One processor core, about a quarter of an hour,
with a fixed seed. Then measure it with ``tools/eval_drums.py``.

    python tools/train_drums.py [--steps 4500] [--clips 600] [--work build/drums] [-o OUT.onnx]
"""

import argparse
import json
import math
import time
from pathlib import Path

import numpy as np
import onnx
import torch
from drums_data import CLASSES, FLUID, HOP, RATE, Clip, analyse, cache_key, hydrogen_kit, sonic_pi_kit, soundfont_kits
from drums_mix import song_bank, sonic_pi_textures, training_clip
from onnx import helper, numpy_helper

SEED = 20240
SECONDS = 20.0
FLUID_KITS = (0, 8, 16, 24, 25, 32, 40)
DECAY_S = (0.18, 0.15, 0.07)
REFRACTORY_HOPS = 7
FEED_HZ = RATE / HOP
# Bring the mel scale and its rises near deviation 1; folded into the first layer on export.
CENTRE, SCALE, RISE_SCALE = 0.4, 4.0, 12.0
ZOO = Path(__file__).resolve().parent.parent / "pix2live" / "models" / "zoo" / "drums.onnx"


# ---- data ----------------------------------------------------------------------------------------------------------
# For each class the weight of a target at 0, 1, 2... hops after the first that ends past the onset; where it is 0 the
# net may fire or not. A snare or hat shows within 10 ms, the body of a kick over a held bass only within 30 ms.
REWARD = {"kick": (0, 0.2, 0.6, 1, 1, 1, 0, 0), "snare": (0, 0.4, 1, 1, 1, 0, 0), "hat": (0, 0.4, 1, 1, 0, 0)}


def targets(clip: Clip, hops: int) -> tuple[np.ndarray, np.ndarray]:
    """What the net should say and how much it counts, (hops, 3) each."""
    target, weight = np.zeros((hops, 3), np.float32), np.ones((hops, 3), np.float32)
    for c, kind in enumerate(CLASSES):
        for at in clip.ignore[kind]:
            first = int(at * RATE) // HOP
            weight[max(0, first - 1) : first + 8, c] = 0.0
        for at in clip.times[kind]:
            first = int(at * RATE) // HOP
            for i, reward in enumerate(REWARD[kind]):
                if first + i < hops:
                    target[first + i, c] = max(target[first + i, c], float(reward > 0))
                    weight[first + i, c] = reward
    return target, weight


def training_data(work: Path, clips: int) -> dict[str, np.ndarray]:
    """Features, targets and weights of ``clips`` clips; kept in ``work`` until what makes them changes."""
    here = Path(__file__).parent
    sources = [(here / f"drums_{part}.py").read_text() for part in ("data", "synth", "mix")]
    kept = work / f"train_{cache_key(SEED, clips, SECONDS, FLUID_KITS, REWARD, sources)}.npz"
    if kept.is_file():
        return dict(np.load(kept))
    work.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(SEED)
    kits = [sonic_pi_kit(), hydrogen_kit("Audiophob"), *soundfont_kits(work, FLUID, FLUID_KITS)]
    songs, textures = song_bank(rng, work, FLUID, 60, 40.0), sonic_pi_textures()
    hops = int(SECONDS * FEED_HZ)
    data = {"mel": np.zeros((clips, hops, 64), np.float16), "target": np.zeros((clips, hops, 3), np.float16),
            "weight": np.zeros((clips, hops, 3), np.float16)}
    started = time.monotonic()
    for i in range(clips):
        clip = training_clip(rng, kits, songs, textures, SECONDS)
        mel = analyse(clip.audio)[0][:hops]
        data["mel"][i, : len(mel)] = mel
        data["target"][i], data["weight"][i] = targets(clip, hops)
        if i % 50 == 49:
            print(f"{i + 1} clips, {time.monotonic() - started:.0f} s", flush=True)
    np.savez(kept, **data)
    return data


def vary(mel: torch.Tensor, rng: torch.Generator) -> torch.Tensor:
    """Other gains, equalisers and noise floors: shifts in dB, so exact on the mel scale of 80 dB."""
    n, bands = mel.shape[0], mel.shape[2]
    uniform = lambda low, high, size=(n, 1, 1): low + (high - low) * torch.rand(size, generator=rng)  # noqa: E731
    along = torch.linspace(0, 1, bands)[None, None, :]
    shift = -uniform(0, 30) + uniform(-6, 6) * (along - 0.5) * 2
    for wave in (1, 2, 3):
        shift = shift + uniform(0, 4) * torch.cos(math.pi * wave * along + uniform(0, 6.3))
    shift = shift - (uniform(0, 1) < 0.15) * torch.relu(along - uniform(0.5, 1.0)) * uniform(20, 120)
    shift = shift - (uniform(0, 1) < 0.1) * torch.relu(uniform(0.0, 0.2) - along) * uniform(40, 200)
    mel = torch.clamp(mel + shift / 80, 0, 1)
    floor = (uniform(0, 1) < 0.3) * uniform(0, 0.35) + uniform(-0.2, 0.0) * along
    return torch.maximum(mel, torch.clamp(floor + 0.05 * torch.randn(mel.shape, generator=rng), 0, 1))


# ---- the net -------------------------------------------------------------------------------------------------------
class Net(torch.nn.Module):
    """Mel frames and how they rose over two hops; two causal convolutions over 3 frames each; a GRU; three logits."""

    def __init__(self, first: int = 48, second: int = 48, memory: int = 56) -> None:
        super().__init__()
        self.conv1 = torch.nn.Conv1d(128, first, 3)
        self.conv2 = torch.nn.Conv1d(first, second, 3)
        self.gru = torch.nn.GRU(second, memory, batch_first=True)
        self.out = torch.nn.Linear(second + memory, 3)

    def forward(self, mel: torch.Tensor) -> torch.Tensor:
        """(batch, hops, 64) -> logits (batch, hops, 3); what lies before the start is silence, 0."""
        x = torch.nn.functional.pad(mel.transpose(1, 2), (4, 0))
        rise = torch.relu(x[:, :, 2:] - x[:, :, :-2])
        x = torch.cat([SCALE * (x[:, :, 2:] - CENTRE), RISE_SCALE * rise], dim=1)
        x = torch.nn.functional.pad(torch.relu(self.conv1(x)), (2, 0))
        x = torch.relu(self.conv2(x)).transpose(1, 2)
        y, _ = self.gru(x)
        return self.out(torch.cat([x, y], dim=2))


def train(data: dict[str, np.ndarray], steps: int, out: Path) -> None:
    """Adam with a cosine schedule; crops of 1.1 s, and for the last eighth of the steps of 4.3 s.

    Writes ``out`` every 1000 steps and at the end.
    """
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    rng = torch.Generator().manual_seed(SEED)
    net = Net()
    print(f"{sum(p.numel() for p in net.parameters())} parameters", flush=True)
    optimiser = torch.optim.Adam(net.parameters())
    mel, target, weight = (torch.from_numpy(data[key][:-40]) for key in ("mel", "target", "weight"))
    started, total = time.monotonic(), 0.0
    for step in range(steps):
        done = step / steps
        for group in optimiser.param_groups:
            group["lr"] = 4e-3 * min(1.0, done / 0.03) * (0.5 + 0.5 * math.cos(math.pi * done)) + 2e-5
        batch, crop = (128, 200) if done < 0.88 else (32, 800)
        which = torch.randint(len(mel), (batch,), generator=rng)
        start = torch.randint(mel.shape[1] - crop, (batch,), generator=rng)
        at = start[:, None] + torch.arange(crop)
        x, y, w = (part[which[:, None], at].float() for part in (mel, target, weight))
        w[:, :24] = 0.0
        logits = net(vary(x, rng))
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, y, reduction="none")
        loss = (loss * w * (1.0 + y)).sum() / w.sum()
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        total += float(loss.detach())
        if step % 100 == 99:
            print(f"{step + 1} steps, {time.monotonic() - started:.0f} s, loss {total / 100:.5f}", flush=True)
            total = 0.0
        if step % 1000 == 999 or step == steps - 1:
            export(net, tune(net, data), out)


# ---- onsets, as the graph finds them -------------------------------------------------------------------------------
def pick(activation: np.ndarray, threshold: float) -> np.ndarray:
    """Hops of the onsets that the graph counts: past the threshold, re-armed under half of it, not sooner than 7."""
    found, held, wait = [], False, 0
    for i, value in enumerate(activation):
        if value >= threshold and not held and wait <= 0:
            found.append(i)
            held, wait = True, REFRACTORY_HOPS
        else:
            held = held and value >= 0.5 * threshold
            wait -= 1
    return np.array(found, int)


def tune(net: Net, data: dict[str, np.ndarray]) -> list[float]:
    """For each class the lowest threshold whose F-measure is within 0.01 of the best, on clips that were not learnt.

    The lowest, because a drum of a kind never learnt moves the net less than these do.
    """
    with torch.no_grad():
        activation = torch.sigmoid(net(torch.from_numpy(data["mel"][-40:]).float())).numpy()
    best = []
    for c in range(3):
        scores = []
        for threshold in np.arange(0.1, 0.95, 0.05):
            hit = wrong = missed = 0
            for a, y, w in zip(activation[..., c], data["target"][-40:, :, c], data["weight"][-40:, :, c], strict=True):
                asked = np.flatnonzero(np.diff(y, prepend=0) > 0)
                found = pick(a, float(threshold))
                near = np.array([((found >= t - 2) & (found <= t + 5)).any() for t in asked], bool)
                hit, missed = hit + int(near.sum()), missed + int((~near).sum())
                wrong += sum(1 for f in found if not (y[f] or w[f] == 0))
            scores.append((2 * hit / max(1, 2 * hit + wrong + missed), float(threshold)))
        score, threshold = min((s for s in scores if s[0] >= max(scores)[0] - 0.01), key=lambda s: s[1])
        print(f"{CLASSES[c]}: F {score:.3f} at threshold {threshold:.2f}, best {max(scores)[0]:.3f}", flush=True)
        best.append(round(threshold, 3))
    return best


# ---- the file ------------------------------------------------------------------------------------------------------
def export(net: Net, thresholds: list[float], out: Path) -> None:
    """One hop a call, all memory explicit; pulses and counts are made in the graph."""
    w = {key: value.detach().numpy() for key, value in net.state_dict().items()}
    hidden = net.gru.hidden_size
    swap = lambda a: np.concatenate([a[hidden : 2 * hidden], a[:hidden], a[2 * hidden :]])[None]  # noqa: E731  r z n -> z r n
    scales = np.repeat([SCALE, RISE_SCALE], 64)[None, :, None]
    constants = {
        "w1": (scales * w["conv1.weight"]).transpose(2, 1, 0).reshape(3 * 128, -1),
        "b1": w["conv1.bias"] - SCALE * CENTRE * w["conv1.weight"][:, :64].sum(axis=(1, 2)),
        "w2": w["conv2.weight"].transpose(2, 1, 0).reshape(3 * net.conv1.out_channels, -1), "b2": w["conv2.bias"],
        "gw": swap(w["gru.weight_ih_l0"]), "gr": swap(w["gru.weight_hh_l0"]),
        "gb": np.concatenate([swap(w["gru.bias_ih_l0"]), swap(w["gru.bias_hh_l0"])], axis=1),
        "wo": w["out.weight"].T.copy(), "bo": w["out.bias"],
        "threshold": np.array([thresholds], np.float32), "half": 0.5 * np.array([thresholds], np.float32),
        "decay": np.exp(-1.0 / (FEED_HZ * np.array([DECAY_S]))).astype(np.float32),
        "zero": np.zeros((1, 3), np.float32), "one": np.ones((1, 3), np.float32),
        "wait": np.full((1, 3), float(REFRACTORY_HOPS), np.float32),
    }
    integers = {"flat1": [1, 3 * 128], "flat2": [1, 3 * net.conv1.out_channels], "wide": [1, 1, -1], "row": [1, -1],
                "from0": [0], "from1": [1], "end": [2**31 - 1], "axis1": [1]}
    n = helper.make_node
    nodes = [
        n("Concat", ["past0_in", "mel"], ["frames0"], axis=1),
        n("Slice", ["frames0", "from1", "end", "axis1"], ["past0_out"]),
        n("Slice", ["frames0", "from0", "from1", "axis1"], ["older"]),
        n("Sub", ["mel", "older"], ["change"]), n("Relu", ["change"], ["rise"]),
        n("Concat", ["mel", "rise"], ["seen0"], axis=2),
        n("Concat", ["past1_in", "seen0"], ["frames1"], axis=1),
        n("Slice", ["frames1", "from1", "end", "axis1"], ["past1_out"]),
        n("Reshape", ["frames1", "flat1"], ["row1"]),
        n("Gemm", ["row1", "w1", "b1"], ["sum1"]), n("Relu", ["sum1"], ["x1"]),
        n("Reshape", ["x1", "wide"], ["x1w"]),
        n("Concat", ["past2_in", "x1w"], ["frames2"], axis=1),
        n("Slice", ["frames2", "from1", "end", "axis1"], ["past2_out"]),
        n("Reshape", ["frames2", "flat2"], ["row2"]),
        n("Gemm", ["row2", "w2", "b2"], ["sum2"]), n("Relu", ["sum2"], ["x2"]),
        n("Reshape", ["x2", "wide"], ["x2w"]),
        n("GRU", ["x2w", "gw", "gr", "gb", "", "memory_in"], ["", "memory_out"], hidden_size=hidden,
          linear_before_reset=1),
        n("Reshape", ["memory_out", "row"], ["memory"]),
        n("Concat", ["x2", "memory"], ["seen"], axis=1),
        n("Gemm", ["seen", "wo", "bo"], ["logits"]), n("Sigmoid", ["logits"], ["activation"]),
        n("GreaterOrEqual", ["activation", "threshold"], ["above"]),
        n("LessOrEqual", ["wait_in", "zero"], ["rested"]),
        n("LessOrEqual", ["held_in", "zero"], ["armed"]),
        n("And", ["above", "rested"], ["ready"]), n("And", ["ready", "armed"], ["fire"]),
        n("Where", ["fire", "one", "zero"], ["fired"]),
        n("Sub", ["wait_in", "one"], ["waited"]), n("Max", ["waited", "zero"], ["waiting"]),
        n("Where", ["fire", "wait", "waiting"], ["wait_out"]),
        n("GreaterOrEqual", ["activation", "half"], ["still"]),
        n("Where", ["still", "held_in", "zero"], ["holding"]), n("Max", ["holding", "fired"], ["held_out"]),
        n("Mul", ["pulse_in", "decay"], ["fading"]), n("Max", ["fading", "fired"], ["pulse_out"]),
        n("Concat", ["pulse_out", "fired"], ["drums"], axis=1),
    ]
    state = {"past0": [1, 2, 64], "past1": [1, 2, 128], "past2": [1, 2, net.conv1.out_channels],
             "memory": [1, 1, hidden], "wait": [1, 3], "held": [1, 3], "pulse": [1, 3]}
    value = lambda name, shape: helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)  # noqa: E731
    graph = helper.make_graph(
        nodes, "drums",
        [value("mel", [1, 1, 64]), *(value(f"{name}_in", shape) for name, shape in state.items())],
        [value("drums", [1, 6]), *(value(f"{name}_out", shape) for name, shape in state.items())],
        [numpy_helper.from_array(np.ascontiguousarray(a, np.float32), k) for k, a in constants.items()]
        + [numpy_helper.from_array(np.array(a, np.int64), k) for k, a in integers.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    helper.set_model_props(model, {"pix2live": json.dumps({
        "name": "drums", "version": "1", "licence": "Apache-2.0",
        "description": "Kick, snare (with clap) and hi-hat in busy music: pulses that decay, and counts.",
        "data": "sonic-pi-samples (CC0), Hydrogen's Audiophob kit (CC0), FluidR3 GM (MIT), computed drums and music",
        "rate_hz": FEED_HZ, "latency_s": 0.014,
        "inputs": [{"tensor": "mel", "signal": "audio.mel", "size": 64, "frames": 1}],
        "outputs": [*({"name": kind, "low": 0.0, "high": 1.0} for kind in CLASSES),
                    *({"name": f"{kind}_count", "low": 0.0, "high": 1.0, "kind": "count"} for kind in CLASSES)],
        "state": [{"in": f"{name}_in", "out": f"{name}_out"} for name in state],
    })})
    onnx.checker.check_model(model, full_check=True)
    beside = out.with_suffix(".part")
    onnx.save(model, str(beside))
    beside.replace(out)
    print(f"{out}: {out.stat().st_size / 1024:.0f} KiB", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=4500)
    parser.add_argument("--clips", type=int, default=600)
    parser.add_argument("--work", type=Path, default=Path("build/drums"))
    parser.add_argument("-o", "--out", type=Path, default=ZOO)
    options = parser.parse_args()
    data = training_data(options.work, options.clips)
    train(data, options.steps, options.out)


if __name__ == "__main__":
    main()
