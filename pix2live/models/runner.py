"""Runs the loaded models within a time budget: a model is skipped rather than late, and every skip is counted."""

import time
from collections.abc import Callable, Iterable, Mapping

import numpy as np

from pix2live import resources
from pix2live.errors import ModelError
from pix2live.models.budget import Cost
from pix2live.models.contract import ModelInput, load_model
from pix2live.models.session import Model
from pix2live.signals.table import MODEL_SLOTS

MAX_WAITING = 64


class Runner:
    """All models of one process, fed frame by frame.

    Args:
        models: loaded models; one whose name is taken or whose outputs find no slot left is refused with a notice.
        budget_s: what one ``step`` may cost; ``math.inf`` offline, where nothing is ever skipped.
        feed_hz: frames a second of what ``step`` is fed (the analysis hop rate).
        timer: measures what calls cost (not the show's time; tests bring their own).

    A model runs once in ``max(1, round(feed_hz / rate_hz))`` frames of its first input's signal, counted in frames,
    so that what it gives does not depend on how the frames were grouped into steps:

    - A model **with state** sees every frame once, in order, one call each: live equals offline bit for bit. What
      does not fit the budget waits for the next step. When more than 64 frames wait (a third of a second), it
      gives up catching up: all waiting frames but the newest arrived are dropped and counted in ``skipped``, and it
      starts afresh from its initial state (its counts go on from where they were).
    - A model **without state** looks at the newest moment at which it was due; if that does not fit the budget its
      values stay and one skip is counted.

    A model that raises or gives NaN or Inf is disabled: its values go to rest and ``notices`` gets one line.
    NaN and Inf in the feed become 0. Inputs of other rates than the first hold their newest frame. One thread; not
    for the audio callback.
    """

    def __init__(
        self,
        models: Iterable[Model],
        budget_s: float = 0.003,
        feed_hz: float = 187.5,
        timer: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.budget_s = budget_s
        self.notices: list[str] = []
        self.values = np.zeros(MODEL_SLOTS, np.float64)
        self._timer = timer
        self._first = 0
        self._seats: list[_Seat] = []
        used = 0
        for model in models:
            name = model.contract.name
            if any(seat.model.contract.name == name for seat in self._seats):
                self.notices.append(f"{model.path}: a model {name!r} runs already; it is left out")
                continue
            count = len(model.contract.outputs)
            if used + count > MODEL_SLOTS:
                self.notices.append(f"{model.path}: {MODEL_SLOTS} model outputs are in use; it is left out")
                continue
            self._seats.append(_Seat(model, feed_hz, self.values[used : used + count]))
            used += count
        self.reset()

    def names(self) -> list[str]:
        """The signals in ``values``, in order from slot 0: ``model.drums.kick`` and so on."""
        return [name for seat in self._seats for name in seat.model.contract.names()]

    def signals(self) -> list[str]:
        """The signals that ``step`` wants in its feed, sorted."""
        return sorted({signal for seat in self._seats for signal in seat.model.inputs})

    def counts(self) -> dict[str, tuple[int, int]]:
        """For each model by name: calls made and frames or calls skipped since the last reset."""
        return {seat.model.contract.name: (seat.runs, seat.skipped) for seat in self._seats}

    @property
    def skipped(self) -> int:
        """All skips of all models since the last reset."""
        return sum(seat.skipped for seat in self._seats)

    def cost_s(self, name: str) -> float:
        """The expected cost of one call of the model ``name`` (running 90th percentile). Raises KeyError."""
        for seat in self._seats:
            if seat.model.contract.name == name:
                return seat.cost.expected_s
        raise KeyError(name)

    def step(self, feed: Mapping[str, np.ndarray], lost: int = 0) -> None:
        """Take the new frames of each signal, run what is due and fits, and update ``values``.

        Args:
            feed: for each signal the frames since the last step, ``(n, size)`` or for a scalar ``(n,)``; n may be 0.
                A signal that is absent keeps its newest frame. Inputs are not changed.
            lost: frames that were missed before these (a reader that fell behind); models with state start afresh.
        """
        end_s = self._timer() + self.budget_s
        for turn in range(len(self._seats)):
            # Who goes first changes from step to step, so that a tight budget starves nobody.
            seat = self._seats[(self._first + turn) % len(self._seats)]
            if seat.disabled:
                continue
            try:
                seat.step(feed, lost, end_s, self._timer)
            except Exception as error:  # whatever a foreign model throws, the show goes on without it
                seat.disable()
                gist = " ".join(str(error).split())[:160]
                self.notices.append(f"{seat.model.path}: model {seat.model.contract.name!r} is off: {gist}")
        self._first += 1

    def reset(self) -> None:
        """Every model as it was loaded, counters at 0; a disabled model is tried again. Cost estimates stay."""
        self._first = 0
        for seat in self._seats:
            seat.reset()


def open_models(names: Iterable[str]) -> tuple[list[Model], list[str]]:
    """Load models by name, the user's own folder first; each that cannot be used gives one line instead.

    Returns (models, notices): the show goes on without the missing ones.
    """
    found = resources.listing("models")
    models, notices = [], []
    for name in names:
        try:
            if name not in found:
                known = ", ".join(found) or "none"
                raise ModelError("there is no such model", name, f"put {name}.onnx into {resources.user_dir('models')} "
                                 f"(models here: {known})")
            models.append(load_model(found[name]))
        except ModelError as error:
            notices.append(str(error))
    return models, notices


class _Window:
    """The newest frames of one input, kept twice over so that they always lie in one piece."""

    def __init__(self, entry: ModelInput, target: np.ndarray) -> None:
        self.entry = entry
        self.newest = np.zeros(entry.size, np.float32)
        self._target = target
        self._ring = np.zeros((2 * entry.frames, entry.size), np.float32)
        self._at = 0

    def push(self, row: np.ndarray) -> None:
        self._ring[self._at] = row
        self._ring[self._at + self.entry.frames] = row
        self._at = (self._at + 1) % self.entry.frames

    def fill(self) -> None:
        """Copy the window, oldest frame first, into the model's input."""
        self._target[...] = self._ring[self._at : self._at + self.entry.frames]

    def clear(self) -> None:
        self._ring.fill(0.0)
        self._at = 0


class _Seat:
    """One model with what it waits for, its window, its cost and its counters."""

    def __init__(self, model: Model, feed_hz: float, values: np.ndarray) -> None:
        self.model = model
        self.cost = Cost()
        self.disabled = False
        self.runs = self.skipped = 0
        self._values = values
        self._every = max(1, round(feed_hz / model.contract.rate_hz))
        self._low = np.array([output.low for output in model.contract.outputs])
        self._high = np.array([output.high for output in model.contract.outputs])
        self._rest = np.array([output.rest for output in model.contract.outputs])
        self._count = np.array([output.count for output in model.contract.outputs])
        self._new = np.zeros(len(self._count))
        self._windows = [_Window(entry, model.inputs[entry.signal]) for entry in model.contract.inputs]
        self._ends = np.cumsum([0] + [entry.size for entry in model.contract.inputs])
        self._queue = np.zeros((MAX_WAITING, int(self._ends[-1])), np.float32)
        self._waiting = 0
        self._ticks = 0

    def reset(self) -> None:
        self._restart()
        self.disabled = False
        self.runs = self.skipped = 0
        self._values[:] = np.where(self._count, 0.0, self._rest)
        for window in self._windows:
            window.newest.fill(0.0)

    def disable(self) -> None:
        self.disabled = True
        self._values[~self._count] = self._rest[~self._count]

    def step(self, feed: Mapping[str, np.ndarray], lost: int, end_s: float, timer: Callable[[], float]) -> None:
        """Take the new frames (the first input paces, slower ones hold their newest) and run what fits."""
        frames = [self._frames(feed, window.entry) for window in self._windows]
        new = len(frames[0])
        if self.model.stateful and lost:
            self._give_up(lost)
        taken = 0
        while True:
            chunk = min(new - taken, MAX_WAITING - self._waiting)
            for i in range(taken, taken + chunk):
                self._append([own[min(i, len(own) - 1)] if len(own) else None for own in frames])
            taken += chunk
            self._work(end_s, timer)
            if taken >= new:
                break
            if self._waiting == MAX_WAITING:
                self._give_up(max(0, new - MAX_WAITING - taken))
                taken = max(taken, new - MAX_WAITING)
        for window, own in zip(self._windows, frames, strict=True):
            if len(own):
                window.newest[:] = own[-1]

    def _append(self, rows: list[np.ndarray | None]) -> None:
        into = self._queue[self._waiting]
        for window, row, start, end in zip(self._windows, rows, self._ends, self._ends[1:], strict=False):
            if row is not None:
                window.newest[:] = row
            into[start:end] = window.newest
        np.nan_to_num(into, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
        self._waiting += 1

    def _give_up(self, lost: int) -> None:
        """Drop what waits and start afresh: too far behind to catch up, or ``lost`` frames are missing."""
        self.skipped += lost + self._waiting
        self._restart()

    def _work(self, end_s: float, timer: Callable[[], float]) -> None:
        """Go through the queue, as far as it fits until ``end_s``."""
        if not self.model.stateful:
            to_due = self._every - self._ticks % self._every
            if self._waiting >= to_due:
                self._advance(to_due + (self._waiting - to_due) // self._every * self._every)
                if self.cost.fits(end_s - timer()):
                    self._call(timer)
                else:
                    self.skipped += 1
            self._advance(self._waiting)
            return
        done = 0
        while done < self._waiting:
            due = (self._ticks + 1) % self._every == 0
            if due and not self.cost.fits(end_s - timer()):
                break
            self._push(self._queue[done])
            done += 1
            if due:
                self._call(timer)
        self._drop(done)

    def _advance(self, count: int) -> None:
        """Move ``count`` waiting frames into the windows."""
        for i in range(count):
            self._push(self._queue[i])
        self._drop(count)

    def _drop(self, count: int) -> None:
        """Forget the ``count`` oldest waiting frames."""
        if count < self._waiting:
            self._queue[: self._waiting - count] = self._queue[count : self._waiting].copy()
        self._waiting -= count

    def _push(self, row: np.ndarray) -> None:
        for window, start, end in zip(self._windows, self._ends, self._ends[1:], strict=False):
            window.push(row[start:end])
        self._ticks += 1

    def _call(self, timer: Callable[[], float]) -> None:
        for window in self._windows:
            window.fill()
        start_s = timer()
        self.model.run()
        self.cost.add(timer() - start_s)
        self.runs += 1
        if not np.isfinite(self.model.values).all():
            raise ModelError("its output is not a finite number")
        np.clip(self.model.values, self._low, self._high, out=self._new)
        np.add(self._new, self._values, out=self._values, where=self._count)
        np.copyto(self._values, self._new, where=~self._count)

    def _restart(self) -> None:
        self.model.reset()
        self._waiting = self._ticks = 0
        for window in self._windows:
            window.clear()

    def _frames(self, feed: Mapping[str, np.ndarray], entry: ModelInput) -> np.ndarray:
        """The new frames of one signal as (n, size). Raises ValueError where they have another size."""
        if entry.signal not in feed:
            return np.empty((0, entry.size), np.float32)
        return np.asarray(feed[entry.signal], np.float32).reshape(-1, entry.size)
