"""Fit the net of ``pix2live/analysis/pulse.py`` to the clips that ``train_beat`` made. Needs numpy and torch alone.

    python tools/train_beat_fit.py FOLDER [--epochs 12] [--channels 32] [--out FILE.npz] [--start CHECKPOINT.pt]

Targets are 1 at the frame of a beat (of a downbeat), a half at its neighbours, 0 elsewhere; the loss is cross-entropy,
so that what comes out are chances. Every 25th piece is not learned from: its loss is printed, beside that of knowing
only how common beats are. The weights written are the mean of the last ones.
"""

import argparse
import copy
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

RATE, HOP, FRAME_HOPS, DELAY_S = 48000, 256, 2, 0.0263
FRAME_S = FRAME_HOPS * HOP / RATE
INPUTS, BANDS, TAPS, CROP = 90, 30, 3, 1900


def targets(times: np.ndarray, frames: int) -> np.ndarray:
    """What is to be said at each frame of beats at ``times``."""
    out = np.zeros(frames, np.float32)
    at = np.round((times + DELAY_S) / FRAME_S).astype(int) - 1
    for away, worth in ((-1, 0.5), (1, 0.5), (0, 1.0)):
        inside = at + away
        out[inside[(inside >= 0) & (inside < frames)]] = worth
    return out


class Net(nn.Module):
    """As ``pulse.Weights`` says."""

    def __init__(self, channels: int, blocks: int, mean: torch.Tensor, spread: torch.Tensor, drop: float) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("spread", spread)
        self.front = nn.Conv1d(INPUTS, channels, TAPS)
        self.past = nn.ModuleList([nn.Conv1d(channels, channels, TAPS, dilation=2**b) for b in range(blocks)])
        self.mix = nn.ModuleList([nn.Conv1d(channels, channels, 1) for _ in range(blocks)])
        self.end = nn.Conv1d(channels, 2, 1)
        self.drop = drop
        for layer in self.mix:
            nn.init.normal_(layer.weight, 0.0, 0.5 / channels**0.5)
            nn.init.zeros_(layer.bias)
        nn.init.constant_(self.end.bias, -3.0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Log odds (clips, 2, frames) of inputs (clips, INPUTS, frames)."""
        x = (nn.functional.pad(x, (TAPS - 1, 0)) - self.mean[:, None]) / self.spread[:, None]
        x = torch.relu(self.front(x))
        for b, (past, mix) in enumerate(zip(self.past, self.mix, strict=True)):
            h = torch.relu(past(nn.functional.pad(x, ((TAPS - 1) * 2**b, 0))))
            if self.training and self.drop:
                h = h * (torch.rand(h.shape[0], h.shape[1], 1) > self.drop) / (1 - self.drop)
            x = x + mix(h)
        return self.end(torch.relu(x))

    def weights(self) -> dict[str, np.ndarray]:
        """The arrays of ``pulse.Weights``, with the scale of the inputs inside."""
        front = (self.front.weight / self.spread[:, None]).detach().double()
        offset = self.front.bias.detach().double() - (front * self.mean[:, None]).sum(dim=(1, 2))
        out = {
            "front": front.permute(2, 1, 0).reshape(TAPS * INPUTS, -1), "front_offset": offset,
            "past": torch.stack([p.weight.detach().permute(2, 1, 0) for p in self.past]),
            "past_offset": torch.stack([p.bias.detach() for p in self.past]),
            "mix": torch.stack([m.weight.detach()[:, :, 0].T for m in self.mix]),
            "mix_offset": torch.stack([m.bias.detach() for m in self.mix]),
            "end": self.end.weight.detach()[:, :, 0].T, "end_offset": self.end.bias.detach(),
        }  # fmt: skip
        return {name: np.ascontiguousarray(value.numpy(), dtype=np.float32) for name, value in out.items()}


Clip = tuple[np.ndarray, tuple[np.ndarray, np.ndarray], bool]


def read(path: Path) -> Clip:
    """Inputs, float16 (frames, INPUTS); times of beats and downbeats; whether bars can be heard."""
    with np.load(path) as held:
        # Nothing can be known of beats before anything sounds.
        beats, downbeats = (held[n][held[n] > float(held["sounds_from"]) - 0.05] for n in ("beats", "downbeats"))
        return held["x"], (beats, downbeats), bool(held["bars"])


def taken(clip: Clip, start: int, count: int, pace: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Inputs (INPUTS, count) and targets (2, count) from frame ``start`` on, at ``pace`` times the tempo."""
    x, times, _ = clip
    at = start + np.arange(count) * pace
    whole = at.astype(int)
    inside = whole < len(x) - 1
    whole, share = whole[inside], (at - whole)[inside, None].astype(np.float32)
    out = np.zeros((count, INPUTS), np.float32)
    out[: len(whole)] = x[whole].astype(np.float32)
    if pace != 1.0:
        out[: len(whole)] += share * (x[whole + 1].astype(np.float32) - out[: len(whole)])
    # What is late stays as late as it was: only the beats move.
    moved = [(t - start * FRAME_S) / pace for t in times]
    y = np.stack([targets(t[t > 0.0], count) for t in moved])
    y[:, len(whole):] = 0.0
    return out.T, y


def silenced(x: np.ndarray, y: np.ndarray, quiet: np.ndarray, rng: np.random.Generator) -> None:
    """Let the music end, or begin late, and nothing but a room be heard."""
    count = min(int(rng.integers(200, x.shape[1])), quiet.shape[1])
    first = x.shape[1] - count if rng.random() < 0.7 else 0
    x[:, first : first + count] = quiet[:, :count] * rng.uniform(0.0, 1.0)
    y[:, first : first + count] = 0.0


def varied(x: torch.Tensor) -> torch.Tensor:
    """Inputs (clips, INPUTS, frames) as other rooms and loudspeakers would give them."""
    count = x.shape[0]
    along = torch.linspace(-1, 1, BANDS)
    tilt = 0.25 * torch.randn(count, 1) + 0.3 * torch.randn(count, 1) * along + 0.12 * torch.randn(count, BANDS)
    x[:, :BANDS] = (x[:, :BANDS] + tilt[:, :, None] * (x[:, :BANDS] > 0.2)).clamp_(0.0, 5.2)
    x[:, BANDS:] *= torch.exp(0.2 * torch.randn(count, 1, 1) + 0.12 * torch.randn(count, 2 * BANDS, 1))
    for i in range(count):
        if torch.rand(1) < 0.25:
            low, width = int(torch.randint(0, BANDS, (1,))), int(torch.randint(2, 10, (1,)))
            for part in range(3):
                x[i, part * BANDS + low : part * BANDS + min(low + width, BANDS)] *= 0.0
    return x


def loss(odds: torch.Tensor, wanted: torch.Tensor, bars: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of beats and, where bars can be heard, of downbeats: nats a frame."""
    each = nn.functional.binary_cross_entropy_with_logits(odds, wanted, reduction="none").mean(dim=2)
    return torch.stack([each[:, 0].mean(), (each[:, 1] * bars).sum() / bars.sum().clamp(min=1)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--channels", type=int, default=32)
    parser.add_argument("--blocks", type=int, default=9)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--drop", type=float, default=0.1)
    parser.add_argument("--batch", type=int, default=12)
    parser.add_argument("--start", type=Path, help="a checkpoint to go on from")
    parser.add_argument("--out", type=Path, default=Path("pix2live/analysis/pulse_weights.npz"))
    given = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(5)
    rng = np.random.default_rng(5)
    learn, check = [], []
    quiet = [np.load(path)["x"].astype(np.float32).T for path in sorted(given.folder.glob("quiet-*.npz"))]
    for path in sorted(given.folder.glob("[0-9]*.npz")):
        (check if int(path.name[:5]) % 25 == 0 else learn).append(read(path))
    some = np.concatenate([x[::7] for x, _, _ in learn[::5]]).astype(np.float32)
    mean, spread = torch.tensor(some.mean(axis=0)), torch.tensor(some.std(axis=0) + 0.05)
    net = Net(given.channels, given.blocks, mean, spread, given.drop)
    if given.start:
        net.load_state_dict(torch.load(given.start))
    slow = copy.deepcopy(net)
    steps = given.epochs * (len(learn) // given.batch)
    optimiser = torch.optim.AdamW(net.parameters(), lr=given.rate, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, given.rate, total_steps=steps + 1, pct_start=0.1)
    common = np.mean([taken(clip, 0, len(clip[0]))[1].mean(axis=1) for clip in check], axis=0)
    plain = -(common * np.log(common) + (1 - common) * np.log(1 - common))
    size = sum(p.numel() for p in net.parameters())
    print(f"{len(learn)} to learn, {len(check)} to check, {size} numbers; knowing nothing {plain.round(4)}", flush=True)
    done = 0
    for epoch in range(given.epochs):
        began, total = time.time(), np.zeros(2)
        order = rng.permutation(len(learn))
        net.train()
        for first in range(0, len(order) - given.batch + 1, given.batch):
            xs, ys, bars = [], [], []
            for i in order[first : first + given.batch]:
                clip = learn[i]
                pace = float(np.exp(rng.uniform(-0.2, 0.2))) if rng.random() < 0.6 else 1.0
                start = 0 if rng.random() < 0.4 else int(rng.integers(0, max(1, len(clip[0]) - CROP)))
                x, y = taken(clip, start, CROP, pace)
                if quiet and rng.random() < 0.15:
                    silenced(x, y, quiet[int(rng.integers(len(quiet)))], rng)
                xs.append(x)
                ys.append(y)
                bars.append(clip[2])
            inputs = varied(torch.tensor(np.stack(xs)))
            both = loss(net(inputs), torch.tensor(np.stack(ys)), torch.tensor(bars, dtype=torch.float32))
            optimiser.zero_grad()
            (both[0] + both[1]).backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            total += both.detach().numpy()
            done += 1
            keep = min(0.995, done / (done + 10.0))
            with torch.no_grad():
                for a, b in zip(slow.parameters(), net.parameters(), strict=True):
                    a.lerp_(b, 1.0 - keep)
        slow.eval()
        found = np.zeros(2)
        with torch.no_grad():
            for clip in check:
                x, y = taken(clip, 0, len(clip[0]))
                odds = slow(torch.tensor(x[None]))
                found += loss(odds, torch.tensor(y[None]), torch.ones(1)).numpy() / len(check)
        print(f"{epoch + 1}: learned {(total / max(1, len(order) // given.batch)).round(4)} checked {found.round(4)} "
              f"in {time.time() - began:.0f} s", flush=True)  # fmt: skip
        np.savez(given.out, **slow.weights())
        torch.save(slow.state_dict(), given.out.with_suffix(".pt"))


if __name__ == "__main__":
    main()
